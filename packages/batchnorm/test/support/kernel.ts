/** Runs a kernel on given arrays, in any place of an engine's memory, and watches what else it writes. */
import { Arena } from "#dist/engine/arena.js";
import type { Engine } from "#dist/engine/engine.js";
import type { Arguments, KernelName } from "#dist/kernels/contract.js";
import { bytesOf, sameBytes } from "./data.ts";

export type Values = Float32Array | Float64Array | Int32Array | Uint8Array;

/** One call of a kernel: numbers as they are, arrays where it takes pointers, null for a null pointer. */
export interface KernelCase {
  readonly label: string;
  readonly args: Readonly<Record<string, number | Values | null>>;
  readonly tasks: number;
}

/** A kernel's cases, and what of its results depends on what; the results themselves are in the contract. */
export interface KernelSpec {
  /** Seeded, so the same every time. */
  cases(): Iterable<KernelCase>;
  /** The arrays of floats it reads. */
  readonly inputs: readonly string[];
  /** Arrays of floats it reads too, in which a value that is not finite spoils more, or less, than the loops say. */
  readonly apart?: readonly string[];
  /** Whether element `index` of an input has a say in element `at` of an output. */
  reaches(args: Numbers, input: string, index: number, out: string, at: number): boolean;
  /** The argument that says how many of the `count` units are one task's, where the bits do not depend on it. */
  readonly cut?: { argument: string; unit: number; most?: number; count(args: Numbers): number };
}

/** The arguments of a case that are numbers. */
export type Numbers = Readonly<Record<string, number>>;

export function numbersOf({ args }: KernelCase): Numbers {
  return Object.fromEntries(Object.entries(args).filter(([, v]) => typeof v === "number")) as Numbers;
}

export interface KernelRun {
  /** Copies of all arrays after the call, by argument. */
  after: Record<string, Values>;
  /** What was written that should not be. */
  damage: string[];
}

const GUARD = 128;

/**
 * @param shift every array begins so many of its elements after a multiple of 64 bytes
 */
export function runKernel(
  engine: Engine,
  name: KernelName,
  { args, tasks }: KernelCase,
  outputs: string[],
  shift = 0,
): KernelRun {
  const arena = new Arena(engine.memory);
  const placed = Object.entries(args).map(([argument, value]) => {
    if (value === null || typeof value === "number") return { argument, value, block: 0, at: Number(value ?? 0) };
    const block = arena.allocate(2 * GUARD + 64 + value.byteLength);
    return { argument, value, block, at: block + GUARD + shift * value.BYTES_PER_ELEMENT };
  });
  const addresses = Object.fromEntries(placed.map(({ argument, at }) => [argument, at]));
  const call = engine.call(arena, name, addresses as Arguments<typeof name>, tasks);
  const { u8 } = engine.memory;
  for (const { value, block, at } of placed) {
    if (value === null || typeof value === "number") continue;
    u8.fill(0xa5, block, at + value.byteLength + GUARD);
    u8.set(bytesOf(value), at);
  }
  call.run();
  const after: Record<string, Values> = {};
  const damage: string[] = [];
  for (const { argument, value, block, at } of placed) {
    if (value === null || typeof value === "number") continue;
    const end = at + value.byteLength;
    const around = [...u8.subarray(block, at), ...u8.subarray(end, end + GUARD)];
    if (around.some((byte) => byte !== 0xa5)) damage.push(`memory around ${argument}`);
    const now = u8.slice(at, end);
    if (!outputs.includes(argument) && !sameBytes(value, now)) damage.push(argument);
    const Kind = value.constructor as new (buffer: ArrayBuffer) => Values;
    after[argument] = new Kind(now.buffer as ArrayBuffer);
  }
  arena.free();
  return { after, damage };
}
