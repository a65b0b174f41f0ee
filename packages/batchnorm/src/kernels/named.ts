/** Kernels as functions of named arguments: what the reference is made of. */
import type { ArgumentType, contract, KernelName } from "./contract.ts";

type ArrayOf<T extends ArgumentType> = T extends "f32*"
  ? Float32Array
  : T extends "f64*"
    ? Float64Array
    : T extends "i32*"
      ? Int32Array
      : T extends "u8*"
        ? Uint8Array
        : number;
type Types<K extends KernelName> = (typeof contract)[K];
export type Named<K extends KernelName> = { [A in keyof Types<K>]: ArrayOf<Extract<Types<K>[A], ArgumentType>> };
export type Reference = { [K in KernelName]: (args: Named<K>, task: number) => void };

/** The tasks' share of a range: [first, end). */
export function share(task: number, perTask: number, count: number): [number, number] {
  return [task * perTask, Math.min((task + 1) * perTask, count)];
}
