// Tensors and random numbers

export type { EngineOptions } from "./engine/engine.ts";
export { BatchNormError, type ErrorCode } from "./errors.ts";

// A trained model that gives results
export { Inference } from "./inference/inference.ts";
// Layers
export { ReLU, Sigmoid, Tanh } from "./layers/activation.ts";
export { BatchNorm } from "./layers/batchnorm.ts";
export type { BatchNormOptions, KerasBatchNorm, StatisticsObserver } from "./layers/batchnormoptions.ts";
export { Concat } from "./layers/concat.ts";
export { Conv2d, type Conv2dOptions } from "./layers/conv.ts";
export { Dropout, type DropoutOptions } from "./layers/dropout.ts";
// The engine underneath, and errors
export { configure } from "./layers/eager.ts";
export { Flatten } from "./layers/flatten.ts";
// Batch norm as functions of arrays
export {
  type BatchNormBackwardOptions,
  type BatchNormForwardOptions,
  type BatchNormInferenceOptions,
  type BatchStatistics,
  batchNormBackward,
  batchNormForward,
  batchNormInference,
} from "./layers/functional.ts";
export { gaussian, he, type Initializer, initialize, xavier } from "./layers/init.ts";
export { Layer } from "./layers/layer.ts";
export { Linear, type LinearOptions } from "./layers/linear.ts";
export { ChannelMoments } from "./layers/moments.ts";
export { Parameter } from "./layers/parameter.ts";
export {
  AveragePool2d,
  type AveragePoolOptions,
  GlobalAveragePool,
  MaxPool2d,
  type PoolOptions,
} from "./layers/pool.ts";
export { Residual } from "./layers/residual.ts";
export { Sequential } from "./layers/sequential.ts";
export type { LoadOptions, LoadReport, StateDict, StateEntry, StateInput } from "./layers/state.ts";
export type { Pair } from "./layers/window.ts";
export type { Exchange, Sum } from "./ops/exchange.ts";
export { channelsFirst, channelsLast } from "./tensor/layout.ts";
export { manualSeed, Random, type RandomState } from "./tensor/random.ts";
export { ones, type RandnOptions, randn, Tensor, tensor, zeros } from "./tensor/tensor.ts";
// Training
export { type Augment, Dataset, type DatasetOptions } from "./train/dataset.ts";
export type { Labels } from "./train/labels.ts";
export { type BoundLoss, crossEntropy, type Loss, meanSquaredError } from "./train/loss.ts";
export { accuracy, confusionMatrix } from "./train/metrics.ts";
export {
  Adam,
  type AdamOptions,
  decayWeightsOnly,
  type Optimizer,
  type ParameterGroup,
  SGD,
  type SGDOptions,
} from "./train/optimizer.ts";
export type { Evaluation, FitOptions, Progress, StepResult, TrainerOptions, Watched } from "./train/options.ts";
export { constant, cosine, exponentialDecay, type Schedule, stepDecay, warmup } from "./train/schedule.ts";
export type { Shards } from "./train/shards.ts";
export { Trainer } from "./train/trainer.ts";
// Model to model
export { fold } from "./transform/fold.ts";
export { type FoldedPair, foldStateDict } from "./transform/foldstate.ts";
export { estimatePopulation } from "./transform/population.ts";
export {
  type Recalibrated,
  type RecalibrateOptions,
  type RunningStatistics,
  recalibrate,
} from "./transform/recalibrate.ts";
export { synchronize } from "./transform/synchronize.ts";
