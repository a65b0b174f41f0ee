/**
 * Every kernel by name, with its arguments in the order of the struct that assembly/ reads, and their types: what is
 * needed to call one. Generated from the folder contract/, which says the rest: shapes, costs, error bounds.
 *
 * The wasm builds, the reference and the tests all read this table, so a kernel that is missing from one of them, or
 * whose arguments differ, fails a test.
 */

import { contract } from "./arguments.gen.ts";

export { contract } from "./arguments.gen.ts";
export { control, controlAddress, controlBytes, type Limits, limits, limitsOf } from "./contract/limits.ts";
export type { ArgumentType } from "./contract/row.ts";

export type KernelName = keyof typeof contract;

/** The arguments of a call, by name: addresses (in bytes) and numbers. */
export type Arguments<K extends KernelName> = { [A in keyof (typeof contract)[K]]: number };

/** In the order that threads number them by. Pure, so that a bundler leaves the table out of the threads' own file. */
export const kernelNames = /* @__PURE__ */ Object.keys(contract) as KernelName[];

/** One task of one kernel: the address of its arguments, and which task. */
export type KernelFunction = (args: number, task: number) => void;
export type Kernels = Record<KernelName, KernelFunction>;
