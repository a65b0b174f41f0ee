/** Runs a kernel on given arrays, in any place of a device's memory, and watches what else it writes. */
import type { WasmDevice } from "batchnorm";
import type { Argument } from "#dist/device/device.js";
import { type ArgumentType, contract, type KernelName, limitsOf } from "#dist/kernels/contract.js";
import { referenceOf } from "#dist/kernels/reference.js";
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
  /** Outputs that may be written over an input, each with that input. */
  readonly inPlace?: readonly (readonly [output: string, input: string])[];
}

/** The arguments of a case that are numbers, and the first value of those that are arrays of one. */
export type Numbers = Readonly<Record<string, number>>;

export function numbersOf({ args }: KernelCase): Numbers {
  const numbers = Object.entries(args).flatMap(([name, value]): [string, number][] => {
    if (typeof value === "number") return [[name, value]];
    return value?.length === 1 ? [[name, value[0]]] : [];
  });
  return Object.fromEntries(numbers);
}

export interface KernelRun {
  /** Copies of all arrays after the call, by argument. */
  after: Record<string, Values>;
  /** What was written that should not be. */
  damage: string[];
}

/** An array with bytes around it that nobody may write. */
interface Guarded {
  readonly value: Values;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where the array begins, in bytes. */
  readonly at: number;
}

const GUARD = 128;
const MARK = 0xa5;

function guarded(value: Values, shift: number): Guarded {
  const at = GUARD + shift * value.BYTES_PER_ELEMENT;
  // Whole float64, so that every kind of array fits.
  const bytes = new Uint8Array(8 * Math.ceil((at + value.byteLength + GUARD) / 8)).fill(MARK);
  bytes.set(bytesOf(value), at);
  return { value, bytes, at };
}

/** Where a kernel is run: on a device, or the reference's loops as they are. */
export type Bench = WasmDevice | "reference";

export interface Placing {
  /** Every array begins so many of its elements after a multiple of 64 bytes. */
  readonly shift?: number;
  /** An output that is written over an input. */
  readonly inPlace?: readonly [output: string, input: string];
}

/** @param outputs  what the kernel may write */
export function runKernel(
  bench: Bench,
  name: KernelName,
  { args, tasks }: KernelCase,
  outputs: readonly string[],
  { shift = 0, inPlace }: Placing = {},
): KernelRun {
  const blocks = new Map<string, Guarded>();
  for (const [argument, value] of Object.entries(args)) {
    if (value !== null && typeof value !== "number") blocks.set(argument, guarded(value, shift));
  }
  if (inPlace) blocks.set(inPlace[0], blocks.get(inPlace[1]) as Guarded);
  const run = bench === "reference" ? runReference : runOn(bench);
  run(name, args, blocks, tasks);
  const after: Record<string, Values> = {};
  const damage: string[] = [];
  for (const [argument, { value, bytes, at }] of blocks) {
    const end = at + value.byteLength;
    if (!intact(bytes, 0, at) || !intact(bytes, end, bytes.length)) damage.push(`memory around ${argument}`);
    const now = bytes.slice(at, end);
    const mayChange = outputs.includes(argument) || argument === inPlace?.[1];
    if (!mayChange && !sameBytes(value, now)) damage.push(argument);
    const Kind = value.constructor as new (buffer: ArrayBuffer) => Values;
    after[argument] = new Kind(now.buffer);
  }
  return { after, damage };
}

function intact(bytes: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (bytes[i] !== MARK) return false;
  return true;
}

type Run = (name: KernelName, args: KernelCase["args"], blocks: Map<string, Guarded>, tasks: number) => void;

const reference = referenceOf(limitsOf("reference"));

const runReference: Run = (name, args, blocks, tasks) => {
  const types = Object.entries<ArgumentType>(contract[name]);
  const named = Object.fromEntries(
    types.map(([argument, type]) => {
      const value = args[argument];
      if (typeof value === "number") return [argument, type === "f32" ? Math.fround(value) : value];
      const block = blocks.get(argument);
      return [argument, block ? arrayFrom(block, type) : new Float32Array(0)];
    }),
  );
  const kernel = reference[name] as (args: Record<string, unknown>, task: number) => void;
  for (let task = 0; task < tasks; task++) kernel(named, task);
};

/** Of the type that the contract says, from where the array begins to the end of all. */
function arrayFrom({ bytes: { buffer }, at }: Guarded, type: ArgumentType): Values {
  if (type === "f32*") return new Float32Array(buffer, at);
  if (type === "f64*") return new Float64Array(buffer, at);
  return type === "i32*" ? new Int32Array(buffer, at) : new Uint8Array(buffer, at);
}

const runOn =
  (device: WasmDevice): Run =>
  (name, args, blocks, tasks) => {
    const regions = new Map([...new Set(blocks.values())].map((block) => [block, device.allocate(block.bytes.length)]));
    for (const [{ bytes }, region] of regions) device.write(region, 0, bytes);
    const places = Object.entries(args).map(([argument, value]): [string, Argument] => {
      const block = blocks.get(argument);
      const region = block && regions.get(block);
      if (!block || !region) return [argument, value as number | null];
      return [argument, { region, offset: block.at / block.value.BYTES_PER_ELEMENT }];
    });
    const program = device.bind([{ kernel: name, args: Object.fromEntries(places), tasks }]);
    device.run(program);
    for (const [{ bytes }, region] of regions) bytes.set(device.view(region).u8.subarray(0, bytes.length));
    for (const each of [program, ...regions.values()]) device.release(each);
  };
