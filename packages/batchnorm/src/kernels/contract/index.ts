/**
 * The contract: every kernel once, with its arguments, what it writes and how exactly, and what it costs.
 *
 * From it come the structs that assembly/ reads its arguments by and the constants that it is compiled with, the table of
 * arguments that the library runs on (contract.ts), and the bounds that the tests hold every build to. tools/kernels.mjs
 * writes the first three when it builds; nothing of this folder but limits.ts is part of what a page loads.
 *
 * A kernel is called as (address of its arguments, task); every argument takes four bytes. A task is a share of the work
 * that is fixed by the shapes and the arguments named `…PerTask`.
 */
import { batchnorm } from "./batchnorm.ts";
import { convolution } from "./convolution.ts";
import { gather } from "./gather.ts";
import { images } from "./images.ts";
import { matrix } from "./matrix.ts";
import { pointwise } from "./pointwise.ts";
import type { Row } from "./row.ts";
import { statistics } from "./statistics.ts";

export { control, controlAddress, controlBytes, limits, limitsOf } from "./limits.ts";
export { type Row, typeOf } from "./row.ts";

const all = { ...batchnorm, ...statistics, ...matrix, ...convolution, ...images, ...pointwise, ...gather };

export type KernelName = keyof typeof all;

export const specification: Readonly<Record<KernelName, Row>> = all;
