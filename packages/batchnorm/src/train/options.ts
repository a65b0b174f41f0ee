import type { LastBatch } from "../data/order.ts";
import type { Device } from "../device/device.ts";
import type { Loss } from "../losses/loss.ts";
import type { Optimizer } from "../optimizers/optimizer.ts";
import type { Schedule } from "../optimizers/schedule.ts";
import type { Convolution } from "../plan/site.ts";
import type { Shards } from "../shards/shards.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { DeviceOptions } from "../wasm/device.ts";

export interface TrainerOptions extends DeviceOptions {
  optimizer: Optimizer;
  /** Default `crossEntropy()`. */
  loss?: Loss;
  /** Of the learning rate. Default `constant()`. */
  schedule?: Schedule;
  /** Of the order of the examples in `fit`. Default 0. */
  seed?: number;
  /**
   * Other processes that train the same model together with this one, each on its share of every batch: `fit` and
   * `evaluate` take the share by rank, `step` is given it. All of them make the same calls.
   */
  shards?: Shards | null;
  /**
   * "fast" (default): 3×3 convolutions go by Winograd's F(4×4, 3×3) where that is quicker; errors in docs/kernels.md.
   * "accurate": every convolution is direct.
   */
  convolution?: Convolution;
  /** What to train on, instead of a CPU device made of the options `threads`, `deterministic` and `build`; left open. */
  device?: Device;
}

/** What a step gives. */
export interface StepResult {
  /** Before the step's change of the weights; NaN or Infinity where training has diverged. */
  loss: number;
  /** How many examples had their label on top. */
  correct: number;
}

/** How long to train: one of `epochs`, `steps`, `untilEpoch` and `untilStep`. */
export interface FitOptions {
  /** So many passes over the data, from here on. */
  epochs?: number;
  /** So many steps, from here on. */
  steps?: number;
  /** Until so many passes have been made in all, those before this call or before a resumed checkpoint included. */
  untilEpoch?: number;
  /** Until so many steps have been taken in all, alike. */
  untilStep?: number;
  batchSize: number;
  /** What becomes of examples at the end of a pass that do not fill a batch: "drop" (default) them, or "use" a smaller one. */
  lastBatch?: LastBatch;
  /** Report every so many steps. Default 100. */
  every?: number;
  /** Ends training after the step it is in; what has been learned stays. */
  signal?: AbortSignal;
}

/** What `fit` and `iterate` report; means since the report before. */
export interface Progress {
  step: number;
  epoch: number;
  loss: number;
  accuracy: number;
  learningRate: number;
}

/** How `evaluate` and `predict` go through a data set. */
export interface BatchOptions {
  /** Default 500. */
  batchSize?: number;
}

export interface Evaluation {
  loss: number;
  accuracy: number;
}

/** What a watched layer was given in a forward pass. */
export interface Watched {
  /** A view of the device's memory: copy what you keep. */
  input: Tensor;
  training: boolean;
  step: number;
}
