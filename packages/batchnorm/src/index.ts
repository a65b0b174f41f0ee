// Tensors and random numbers
export { ones, type RandnOptions, randn, Tensor, tensor, zeros } from "./tensor/tensor.ts";
export { channelsFirst, channelsLast } from "./tensor/layout.ts";
export type { Labels } from "./tensor/labels.ts";
export { manualSeed, Random, type RandomState } from "./tensor/random.ts";

// Layers
export { BatchNorm } from "./layers/batchnorm.ts";
export type { BatchNormOptions, KerasBatchNorm, StatisticsObserver } from "./layers/batchnormoptions.ts";
export { Linear, type LinearOptions } from "./layers/linear.ts";
export { Conv2d, type Conv2dOptions } from "./layers/conv.ts";
export {
  AveragePool2d,
  type AveragePoolOptions,
  GlobalAveragePool,
  MaxPool2d,
  type PoolOptions,
} from "./layers/pool.ts";
export type { Pair } from "./layers/window.ts";
export { ReLU, Sigmoid, Tanh } from "./layers/activation.ts";
export { Dropout, type DropoutOptions } from "./layers/dropout.ts";
export { Flatten } from "./layers/flatten.ts";
export { Identity } from "./layers/identity.ts";

// Layers made of others: blocks and networks of one's own
export { Module } from "./module/module.ts";
export type { Value } from "./plan/graph.ts";
export { add } from "./layers/add.ts";
export { Concat, concat } from "./layers/concat.ts";
export { Residual } from "./layers/residual.ts";
export { Sequential } from "./layers/sequential.ts";

// What all layers have: parameters, state, initial weights
export { Layer } from "./module/layer.ts";
export { Parameter } from "./plan/parameter.ts";
export type { LoadOptions, LoadReport, StateDict, StateEntry, StateInput } from "./module/state.ts";
export { gaussian, he, type Initializer, initialize, xavier } from "./module/init.ts";

// Training
export { Trainer } from "./train/trainer.ts";
export type {
  BatchOptions,
  Evaluation,
  FitOptions,
  Progress,
  StepResult,
  TrainerOptions,
  Watched,
} from "./train/options.ts";
export { type Augment, Dataset, type DatasetOptions } from "./data/dataset.ts";
export type { BoundLoss, Loss } from "./losses/loss.ts";
export { crossEntropy } from "./losses/crossentropy.ts";
export { meanSquaredError } from "./losses/squarederror.ts";
export { decayWeightsOnly, type Optimizer, type ParameterGroup } from "./optimizers/optimizer.ts";
export { SGD, type SGDOptions } from "./optimizers/sgd.ts";
export { Adam, type AdamOptions } from "./optimizers/adam.ts";
export { constant, cosine, exponentialDecay, type Schedule, stepDecay, warmup } from "./optimizers/schedule.ts";
export { accuracy, confusionMatrix } from "./losses/metrics.ts";

// A trained model that gives results
export { Inference, type InferenceOptions } from "./inference/inference.ts";

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

// Several processes that train one model
export type { Shards } from "./shards/shards.ts";
export type { Exchange, Sum } from "./ops/normalization/exchange.ts";
export { synchronize } from "./transform/synchronize.ts";

// Batch norm as functions of arrays
export {
  type BatchNormBackwardOptions,
  type BatchNormForwardOptions,
  type BatchNormInferenceOptions,
  type BatchStatistics,
  batchNormBackward,
  batchNormForward,
  batchNormInference,
} from "./calls/functional.ts";
export { ChannelMoments } from "./calls/channelmoments.ts";

// The devices underneath, and errors
export { type CallOptions, configure } from "./calls/eager.ts";
export type { Device, HostDevice } from "./device/device.ts";
export { type DeviceOptions, WasmDevice } from "./wasm/device.ts";
export { BatchNormError, type ErrorCode } from "./errors.ts";
