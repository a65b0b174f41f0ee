import { check } from "../errors.ts";
import { BatchNorm } from "../layers/batchnorm.ts";
import type { Layer } from "../module/layer.ts";
import { keepingModes } from "../module/mode.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** Means over batches, weighted by how many values each has. */
interface Sums {
  count: number;
  mean: Float64Array;
  unbiased: Float64Array;
  biased: Float64Array;
}

/**
 * Replaces the running statistics of every batch norm of a model by population statistics over many batches: what the
 * paper does after training, where moving averages only follow it.
 *
 *   E[x] = mean of μ_B      Var[x] = mean of m/(m − 1)·σ²_B
 *
 * Each batch norm normalizes by the batch, as in training, for those after it; all other layers are in eval mode: dropout
 * drops nothing and draws nothing. Batches of different sizes m count by their size. The model's mode is as before
 * afterwards; frozen layers stay as they are. Nothing changes when a batch does not fit.
 *
 * @throws BatchNormError E_BATCH without batches; E_VALUE when the model has no batch norm to estimate, or one would get
 *         statistics that are not finite; E_STATE when one of them was not reached
 * @see Ioffe & Szegedy 2015, Algorithm 2
 */
export function estimatePopulation(model: Layer, batches: Iterable<Tensor>): void {
  const modules = [...model.modules()];
  const norms = modules.filter((layer) => layer instanceof BatchNorm).filter((bn) => bn.runningMean && !bn.frozen);
  check(
    norms.length > 0,
    "E_VALUE",
    "estimatePopulation",
    () => "expected a model with a batch norm that keeps statistics",
  );
  const sums = new Map<BatchNorm, Sums>();
  const observers = norms.map(({ observer }) => observer);
  keepingModes(modules, () => {
    try {
      model.eval();
      for (const bn of norms) {
        bn.training = true;
        bn.observer = (count, mean, variance) => gather(sums, bn, count, mean, variance);
      }
      let any = false;
      for (const batch of batches) {
        model.forward(batch);
        any = true;
      }
      check(any, "E_BATCH", "estimatePopulation", () => "expected at least one batch, got none");
    } finally {
      for (const [i, bn] of norms.entries()) bn.observer = observers[i];
    }
  });
  // All of them, or none.
  const results = norms.map((bn) => [bn, population(bn, sums.get(bn))] as const);
  for (const [bn, { mean, variance }] of results) bn.setRunningStats(mean, variance);
}

function population(bn: BatchNorm, sums: Sums | undefined): { mean: Float64Array; variance: Float64Array } {
  const where = "estimatePopulation";
  check(sums !== undefined, "E_STATE", where, () => "expected every batch norm to be reached");
  const { count, unbiased, biased } = sums;
  const mean = sums.mean.map((v) => v / count);
  const variance = (bn.runningVariance === "unbiased" ? unbiased : biased).map((v) => v / count);
  const wrong = mean.findIndex(
    (v, c) => !Number.isFinite(Math.fround(v)) || !Number.isFinite(Math.fround(variance[c])),
  );
  check(wrong < 0, "E_VALUE", where, () => {
    return `expected batches whose statistics are finite, got mean ${mean[wrong]} and variance ${variance[wrong]} in channel ${wrong}`;
  });
  return { mean, variance };
}

function gather(sums: Map<BatchNorm, Sums>, bn: BatchNorm, count: number, mean: Float64Array, variance: Float64Array) {
  const zeros = () => new Float64Array(bn.numFeatures);
  const sum = sums.get(bn) ?? { count: 0, mean: zeros(), unbiased: zeros(), biased: zeros() };
  sums.set(bn, sum);
  sum.count += count;
  for (let c = 0; c < mean.length; c++) {
    sum.mean[c] += count * mean[c];
    sum.biased[c] += count * variance[c];
    sum.unbiased[c] += (count * count * variance[c]) / (count - 1);
  }
}
