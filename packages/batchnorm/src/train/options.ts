import type { EngineOptions } from "../engine/engine.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Loss } from "./loss.ts";
import type { Optimizer } from "./optimizer.ts";
import type { Schedule } from "./schedule.ts";
import type { Shards } from "./shards.ts";

export interface TrainerOptions extends EngineOptions {
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
}

/** What a step gives. */
export interface StepResult {
  /** Before the step's change of the weights; NaN or Infinity where training has diverged. */
  loss: number;
  /** How many examples had their label on top. */
  correct: number;
}

export interface FitOptions {
  /** Train until so many steps have been taken in all, those before this call or before a resumed checkpoint included. */
  steps?: number;
  /** Train until so many passes over the data have been made in all. */
  epochs?: number;
  batchSize: number;
  /** Report every so many steps. Default 100. */
  every?: number;
  /** Ends training after the step it is in; what has been learned stays. */
  signal?: AbortSignal;
}

/** What `fit` reports; means since the report before. */
export interface Progress {
  step: number;
  epoch: number;
  loss: number;
  accuracy: number;
  learningRate: number;
}

export interface Evaluation {
  loss: number;
  accuracy: number;
}

/** What a watched layer was given in a forward pass. */
export interface Watched {
  /** A view of the engine's memory: copy what you keep. */
  input: Tensor;
  training: boolean;
  step: number;
}
