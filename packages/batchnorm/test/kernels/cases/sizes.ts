import type { KernelCase } from "../../support/kernel.ts";

/** Around the widths that kernels work in: one value, a vector of four, a row block of 32. */
export const SIZES = [1, 3, 4, 5, 31, 32, 33];

/** Cut into three tasks where there is enough, the last of them shorter. */
export function inThree(count: number, unit = 1): number {
  return Math.max(unit, Math.ceil(count / 3 / unit) * unit);
}

export function tasksFor(count: number, each: number): number {
  return Math.ceil(count / each);
}

/** A place for results: NaN, so that one that is not written shows. */
export function floats(count: number): Float32Array {
  return new Float32Array(count).fill(Number.NaN);
}

export function doubles(count: number): Float64Array {
  return new Float64Array(count).fill(Number.NaN);
}

export function* pairs(): Generator<[number, number]> {
  for (const a of SIZES) for (const b of SIZES) yield [a, b];
}

/** All pairs of sizes in every two of three dimensions; the third takes all sizes in turn. */
export function* triples(): Generator<[number, number, number]> {
  for (const [i, [a, b]] of [...pairs()].entries()) {
    const c = SIZES[(i + Math.floor(i / SIZES.length)) % SIZES.length];
    yield [a, b, c];
    yield [a, c, b];
    yield [c, a, b];
  }
}

/** Names a case after its numbers. */
export function labelled(args: KernelCase["args"], tasks: number): KernelCase {
  const numbers = Object.entries(args).filter(([, v]) => typeof v === "number" || v === null);
  return { label: numbers.map(([name, v]) => `${name} ${v}`).join(", "), args, tasks };
}
