/** What the library's own layers, losses and optimizers are made with, for those of one's own. */

// Layers in plain TypeScript
export { PlainLayer, type PlainBackward, type PlainForward } from "../module/plain.ts";
export { type PlainLossOptions, type PlainLossValues, plainLoss } from "../losses/plain.ts";
export { type PlainOptimizerOptions, type PlainOptimizerValues, plainOptimizer } from "../optimizers/plain.ts";
export { type CheckGradientsOptions, checkGradients } from "./checkgradients.ts";
export { Call as BoundLayer } from "../calls/call.ts";

// Layers made of the kernels that there are
export { Operation } from "../module/operation.ts";
export type { LayerNormalization, OwnState } from "../module/layer.ts";
export { absorb, affineOf, type Normalization } from "../module/absorb.ts";
export { type Epilogue, Graph, type Traceable, type Value } from "../plan/graph.ts";
export { Emitter, type Operand, type RunState, type Site } from "../plan/site.ts";
export { StateTensor } from "../plan/parameter.ts";
export type { HostPoint, Span } from "../plan/step.ts";
export { gemm } from "../ops/linear.ts";
export { command, type Args } from "../kernels/command.ts";
export type { KernelName } from "../kernels/contract.ts";
export { type Command, type Device, type Place, type Program, type Region, shifted } from "../device/device.ts";

// Losses and optimizers made of kernels
export { type BoundLoss, type Loss, tally } from "../losses/loss.ts";
export type { Optimizer, ParameterGroup, WeightRun } from "../optimizers/optimizer.ts";
