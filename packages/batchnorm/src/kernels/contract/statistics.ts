/**
 * What batch norm does a channel, in float64: the kernels that go through all values take from here what they need, and
 * leave here what they found.
 */
import type { Family } from "./row.ts";

const coefficients = {
  center: "f32* [channels]: the mean, rounded",
  scale: "f32* [channels]: gamma·rstd",
  shift: "f32* [channels]: beta, less what rounding took off the mean",
} as const;

export const statistics = {
  mergeMoments: {
    struct: "MergeMoments",
    args: {
      partMean: "f64* [parts, channels]",
      partM2: "f64* [parts, channels]",
      parts: "i32",
      channels: "i32",
      rows: "i32: of all parts",
      rowsPerPart: "i32: the last has what is left",
      mean: "f64* [channels]",
      m2: "f64* [channels]",
    },
    writes: { mean: () => 0, m2: () => 0 },
  },
  batchCoefficients: {
    struct: "BatchCoefficients",
    args: {
      mean: "f64* [channels]",
      m2: "f64* [channels]",
      count: "f64* [1]: values a channel",
      eps: "f64* [1]",
      gamma: "f32* [channels], or 0 for all 1",
      beta: "f32* [channels], or 0 for all 0",
      channels: "i32",
      variance: "f64* [channels], biased; may be m2",
      rstd: "f64* [channels]: 1/√(variance + eps), 0 for √0; NaN where the variance is not finite",
      ...coefficients,
    },
    writes: { variance: () => 0, rstd: () => 0, center: () => 0, scale: () => 0, shift: () => 0 },
  },
  runningCoefficients: {
    struct: "RunningCoefficients",
    args: {
      runningMean: "f32* [channels]",
      runningVar: "f32* [channels]",
      eps: "f64* [1]",
      gamma: "f32* [channels], or 0 for all 1",
      beta: "f32* [channels], or 0 for all 0",
      channels: "i32",
      mean: "f64* [channels]",
      rstd: "f64* [channels]: 1/√(runningVar + eps), 0 for √0",
      ...coefficients,
    },
    writes: { mean: () => 0, rstd: () => 0, center: () => 0, scale: () => 0, shift: () => 0 },
  },
  trackStatistics: {
    struct: "TrackStatistics",
    args: {
      mean: "f64* [channels]",
      variance: "f64* [channels], biased",
      count: "f64* [1]: values a channel",
      momentum: "f64* [1]: the weight of the new values; NaN for their cumulative average",
      unbiased: "i32: 1: the variance is kept divided by count − 1",
      channels: "i32",
      runningMean: "f32* [channels]: becomes (1 − momentum)·runningMean + momentum·mean, unless that is not finite",
      runningVar: "f32* [channels]: alike",
      batches: "f64* [1]: how many there were, this one included",
      refused: "f64* [channels]: how many of them were not finite",
    },
    writes: { runningMean: () => 0, runningVar: () => 0, batches: () => 0, refused: () => 0 },
  },
  mergeGradSums: {
    struct: "MergeGradSums",
    args: {
      sumDy: "f64* [parts, channels]",
      sumDyX: "f64* [parts, channels]: Σ dy·(x − center)",
      parts: "i32",
      channels: "i32",
      center: "f32* [channels]",
      mean: "f64* [channels]",
      rstd: "f64* [channels]",
      sums: "f64* [2, channels]: Σ dy, then Σ dy·(x − mean)·rstd",
      dgamma: "f32* [channels]; or 0",
      dbeta: "f32* [channels]; or 0",
      total: "f64* [2, channels]: sums of several calls, which dgamma and dbeta are then made of; or 0",
      first: "i32: 1: it begins here",
    },
    writes: { sums: () => 0, total: () => 0, dgamma: () => 0, dbeta: () => 0 },
  },
  gradCoefficients: {
    struct: "GradCoefficients",
    args: {
      sums: "f64* [2, channels]: Σ dy, then Σ dy·x̂; or 0: mean and rstd were constants",
      mean: "f64* [channels]",
      rstd: "f64* [channels]",
      count: "f64* [1]: values a channel",
      gamma: "f32* [channels], or 0 for all 1",
      center: "f32* [channels]",
      channels: "i32",
      a: "f32* [channels]: of dx = dy·a + (x − center)·b + c",
      b: "f32* [channels]; or 0 without sums",
      c: "f32* [channels]; or 0 without sums",
    },
    writes: { a: () => 0, b: () => 0, c: () => 0 },
  },
  tally: {
    struct: "Tally",
    args: {
      loss: "f64* [losses]",
      correct: "i32* [rows]; or 0",
      losses: "i32",
      rows: "i32",
      divisor: "f64* [1]: of the sum of the losses",
      weight: "f64* [1]: of this loss in the sum of several",
      result: "f64* [4]: loss and correct of this call, and their sums over several",
    },
    writes: { result: () => 0 },
  },
} as const satisfies Family;
