/** A generator of cases for every kernel of the table: one without does not compile, and fails a test. */
import type { KernelName } from "#dist/kernels/contract.js";
import type { KernelSpec } from "../../support/kernel.ts";
import * as convolution from "./conv.ts";
import { gemm, softmaxCrossEntropy, squaredError, sumRows } from "./matrix.ts";
import { affinePlanes, gradInputPlanes, gradSumsPlanes, momentsPlanes } from "./planes.ts";
import * as pointwise from "./pointwise.ts";
import * as pooling from "./pool.ts";
import { affineRows, gradInputRows, gradSumsRows, momentsRows } from "./rows.ts";
import * as statistics from "./statistics.ts";
import * as winograd from "./winograd.ts";

export const specs: Record<KernelName, KernelSpec> = {
  momentsRows,
  momentsPlanes,
  affineRows,
  affinePlanes,
  gradSumsRows,
  gradSumsPlanes,
  gradInputRows,
  gradInputPlanes,
  gemm,
  sumRows,
  softmaxCrossEntropy,
  squaredError,
  ...statistics,
  ...pointwise,
  ...convolution,
  ...winograd,
  ...pooling,
};
