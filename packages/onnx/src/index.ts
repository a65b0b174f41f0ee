// Models as files
export { OnnxError, type OnnxErrorCode } from "./errors.ts";
// Batch norm in models
export { type BatchNormInfo, findBatchNorms } from "./fold/find.ts";
export {
  type FoldedBatchNorm,
  type FoldOptions,
  type FoldResult,
  foldBatchNorms,
  type KeptBatchNorm,
} from "./fold/fold.ts";
export { checkDestination, type OnnxModel, parseModel, readModel, serializeModel, writeModel } from "./model/file.ts";
export { type DeclaredInput, modelInputs } from "./model/inputs.ts";
export type { InputBatch, InputBatches } from "./recalibrate/batches.ts";
export {
  type RecalibratedBatchNorm,
  type RecalibrateModelOptions,
  type RecalibrateProgress,
  type RecalibrateResult,
  recalibrateBatchNorms,
} from "./recalibrate/recalibrate.ts";
export type { Statistics } from "./recalibrate/targets.ts";
// Two models, run side by side
export { agree, type CompareOptions, type Comparison, compareModels, type Difference } from "./verify/compare.ts";
export { type TimeOptions, type Times, timeModels } from "./verify/time.ts";
export type { InputOptions, ModelInput, TypedArray } from "./verify/values.ts";
