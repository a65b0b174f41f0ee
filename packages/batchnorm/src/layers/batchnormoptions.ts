export interface BatchNormOptions {
  /** Added to the variance. Default 1e-5. */
  eps?: number;
  /** The weight of the new value in the running statistics; null for their cumulative average. Default 0.1. */
  momentum?: number | null;
  /** Whether to learn scale and center. Default true. */
  affine?: boolean;
  /** Whether to learn gamma; by default as `affine` says. */
  scale?: boolean;
  /** Whether to learn beta; by default as `affine` says. */
  center?: boolean;
  /** Whether to keep running statistics. Without them eval mode uses the batch's. Default true. */
  trackRunningStats?: boolean;
  /** Where the channels are. Default −1, the last; 1 is PyTorch's layout. */
  axis?: number;
  /** What the running variance stores: divided by m − 1 as PyTorch does (default), or by m as Keras and ONNX do. */
  runningVariance?: "unbiased" | "biased";
  /**
   * Ghost batch norm: in training, statistics are those of so many examples at a time, the last ones of a batch that are
   * less joining those before them. Each group moves the running statistics as a batch would. Default: the whole batch's.
   */
  virtualBatchSize?: number;
}

/** What Keras keeps of a BatchNormalization layer. ε is part of the model, so it has no default here. */
export interface KerasBatchNorm {
  gamma?: ArrayLike<number>;
  beta?: ArrayLike<number>;
  movingMean: ArrayLike<number>;
  movingVariance: ArrayLike<number>;
  epsilon: number;
  /** The weight of the old value. Default 0.99. */
  momentum?: number;
  axis?: number;
}

/** Receives the statistics of each batch in training, or of each group of one: see `estimatePopulation`. */
export type StatisticsObserver = (count: number, mean: Float64Array, variance: Float64Array) => void;
