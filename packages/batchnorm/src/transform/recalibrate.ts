import { check } from "../errors.ts";
import { BatchNorm } from "../layers/batchnorm.ts";
import type { Layer } from "../module/layer.ts";
import { keepingModes } from "../module/mode.ts";
import { type MergedMoments, mergeMoments } from "../ops/normalization/merge.ts";
import { checkOptions } from "../options.ts";
import type { Tensor } from "../tensor/tensor.ts";

export interface RecalibrateOptions {
  /**
   * False (default): one batch norm after another, each seeing what the ones before it give with their new statistics, in a
   * pass over the batches each. True: all in one pass, each seeing what the ones before it give in training.
   */
  onePass?: boolean;
  /** Weight of the old statistics in the new ones, from 0 (default) to 1. */
  prior?: number;
}

/** What `recalibrate` did to one batch norm. */
export interface Recalibrated {
  readonly layer: BatchNorm;
  /** Values a channel that the new statistics come from. */
  readonly count: number;
  readonly before: RunningStatistics;
  readonly after: RunningStatistics;
}

export interface RunningStatistics {
  readonly mean: Float32Array;
  readonly variance: Float32Array;
}

/**
 * Estimates running statistics anew from data without labels: mean and variance of all values that go into each batch norm,
 * in eval mode. Weights stay as they are, and so does the model's mode; frozen batch norms and those without running
 * statistics are left alone. When anything fails, nothing has changed.
 *
 * @param batches  the data; a function that gives them, or something that can be gone through several times
 * @throws         BatchNormError E_VALUE for a `prior` out of range, an unknown option, a model without a batch norm to recalibrate, or
 *                 statistics that are not finite; E_BATCH without batches, or when they run out before the last pass
 * @see            Wu & Johnson 2021, "Rethinking 'Batch' in BatchNorm" (PreciseBN); Li et al. 2016 (AdaBN)
 */
export function recalibrate(
  model: Layer,
  batches: Iterable<Tensor> | (() => Iterable<Tensor>),
  options: RecalibrateOptions = {},
): Recalibrated[] {
  const where = "recalibrate";
  checkOptions(where, options, ["onePass", "prior"]);
  const { onePass = false, prior = 0 } = options;
  check(prior >= 0 && prior <= 1, "E_VALUE", where, () => `expected a prior from 0 to 1, got ${prior}`);
  const modules = [...model.modules()];
  const norms = modules.filter((layer) => layer instanceof BatchNorm).filter((bn) => bn.runningMean && !bn.frozen);
  check(norms.length > 0, "E_VALUE", where, () => "expected a model with a batch norm that keeps statistics");
  const results = norms.map((layer) => ({ layer, count: 0, before: statisticsOf(layer), after: statisticsOf(layer) }));
  const feed = () => (typeof batches === "function" ? batches() : batches);
  keepingModes(modules, () => {
    model.eval();
    const groups = onePass ? [results] : results.map((result) => [result]);
    try {
      for (const group of groups) {
        const moments = observe(model, group, feed());
        for (const [i, result] of group.entries()) settle(result, moments[i], prior);
      }
    } catch (error) {
      for (const { layer, before } of results) layer.setRunningStats(before.mean, before.variance);
      throw error;
    }
  });
  return results;
}

type Result = { -readonly [K in keyof Recalibrated]: Recalibrated[K] };

function statisticsOf({ runningMean, runningVar }: BatchNorm): RunningStatistics {
  return { mean: (runningMean as Tensor).data.slice(), variance: (runningVar as Tensor).data.slice() };
}

/** The moments of what goes into some batch norms, over all batches. */
function observe(model: Layer, group: readonly Result[], batches: Iterable<Tensor>): MergedMoments[] {
  const zeros = (n: number) => new Float64Array(n);
  const moments = group.map(({ layer: { numFeatures: n } }) => ({ count: 0, mean: zeros(n), m2: zeros(n) }));
  let any = false;
  try {
    group.forEach(({ layer }, i) => {
      layer.training = true;
      layer.observer = (count, mean, variance) => add(moments[i], count, mean, variance);
    });
    for (const batch of batches) {
      model.forward(batch);
      any = true;
    }
  } finally {
    for (const { layer } of group) {
      layer.training = false;
      layer.observer = null;
    }
  }
  check(any, "E_BATCH", "recalibrate", () => {
    return "expected at least one batch in every pass, got none: give an array, or a function that gives the batches";
  });
  return moments;
}

function add(into: MergedMoments, count: number, mean: Float64Array, variance: Float64Array): void {
  const channels = mean.length;
  const values = new Float64Array(2 * channels);
  values.set(mean);
  for (let c = 0; c < channels; c++) values[channels + c] = variance[c] * count;
  mergeMoments(into, count, values, 0, channels, channels);
}

/** Gives a batch norm its new statistics. */
function settle(result: Result, { count, mean, m2 }: MergedMoments, prior: number): void {
  const { layer, before } = result;
  const values = layer.runningVariance === "unbiased" ? count - 1 : count;
  const mixed = (old: Float32Array, fresh: (c: number) => number) =>
    old.map((v, c) => (prior === 1 ? v : prior * v + (1 - prior) * fresh(c)));
  const after = { mean: mixed(before.mean, (c) => mean[c]), variance: mixed(before.variance, (c) => m2[c] / values) };
  const wrong = after.mean.findIndex((v, c) => !Number.isFinite(v) || !Number.isFinite(after.variance[c]));
  check(wrong < 0, "E_VALUE", "recalibrate", () => {
    const got = `mean ${after.mean[wrong]} and variance ${after.variance[wrong]} in channel ${wrong}`;
    return `expected batches whose statistics are finite, got ${got}`;
  });
  layer.setRunningStats(after.mean, after.variance);
  result.count = count;
  result.after = after;
}
