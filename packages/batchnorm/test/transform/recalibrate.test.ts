/** Running statistics estimated anew: against moments computed from what goes into each batch norm. */
import { BatchNorm, Dropout, Linear, manualSeed, recalibrate, Sequential, Sigmoid, type Tensor } from "batchnorm";
import { describe, expect, it } from "vitest";
import { expectNear, gaussianTensor } from "../support/layers.ts";
import { refuses } from "../support/refusal.ts";
import { stateBits } from "../support/training.ts";

const batches = [12, 5, 30].map((n, i) => gaussianTensor(i, [n, 4], i, 1 + i));

function network(): Sequential {
  manualSeed(3);
  return new Sequential(
    new Linear(4, 6),
    new BatchNorm(6),
    new Sigmoid(),
    new Dropout(0.5),
    new Linear(6, 3),
    new BatchNorm(3, { runningVariance: "biased" }),
  );
}

/** Mean and variance of each column over all rows of all tensors. */
function moments(tensors: Tensor[], unbiased: boolean) {
  const width = tensors[0].shape[1];
  const rows = tensors.flatMap(({ data, shape }) =>
    Array.from({ length: shape[0] }, (_, r) => Array.from(data.subarray(r * width, (r + 1) * width))),
  );
  const column = (c: number) => rows.map((row) => row[c]);
  const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const means = Float64Array.from({ length: width }, (_, c) => mean(column(c)));
  const variance = means.map((m, c) => {
    const squares = column(c).reduce((sum, v) => sum + (v - m) ** 2, 0);
    return squares / (rows.length - (unbiased ? 1 : 0));
  });
  return { mean: means, variance, count: rows.length };
}

const part = (model: Sequential, end: number) => new Sequential(...model.layers.slice(0, end)).eval();

describe("layer by layer", () => {
  it("each batch norm gets the moments of its input in eval mode, with the new statistics before it", () => {
    const model = network();
    const results = recalibrate(model, batches);
    for (const [i, at] of [1, 5].entries()) {
      const bn = model.layers[at] as BatchNorm;
      const want = moments(
        batches.map((x) => part(model, at).forward(x)),
        i === 0,
      );
      expectNear(bn.runningMean!.data, want.mean, 1e-5);
      expectNear(bn.runningVar!.data, want.variance, 1e-5);
      expect(results[i].layer).toBe(bn);
      expect(results[i].count).toBe(want.count);
      expect(results[i].after).toEqual({ mean: bn.runningMean!.data, variance: bn.runningVar!.data });
      expect(results[i].before).toEqual({
        mean: new Float32Array(bn.numFeatures),
        variance: new Float32Array(bn.numFeatures).fill(1),
      });
    }
  });

  it("takes a function that gives the batches, and refuses batches that run out", () => {
    const [a, b, c] = [network(), network(), network()];
    recalibrate(a, batches);
    recalibrate(b, () => batches.values());
    expect(stateBits(b)).toBe(stateBits(a));
    const before = stateBits(c);
    refuses(() => recalibrate(c, batches.values()), "E_BATCH", "every pass", "a function that gives the batches");
    expect(stateBits(c)).toBe(before);
  });
});

it("in one pass, later batch norms see what earlier ones give in training", () => {
  const model = network();
  recalibrate(model, batches.values(), { onePass: true });
  const fresh = network();
  const inputs = batches.map((x) => {
    const hidden = new Sequential(...fresh.layers.slice(0, 2)).train().forward(x);
    return new Sequential(...fresh.layers.slice(2, 5)).eval().forward(hidden);
  });
  const want = moments(inputs, false);
  const last = model.layers[5] as BatchNorm;
  expectNear(last.runningMean!.data, want.mean, 1e-5);
  expectNear(last.runningVar!.data, want.variance, 1e-5);
});

it("the prior is the weight of the old statistics", () => {
  const bn = new BatchNorm(4);
  bn.setRunningStats([10, 20, 30, 40], [5, 6, 7, 8]);
  recalibrate(bn, batches, { prior: 0.25 });
  const want = moments(batches, true);
  expectNear(
    bn.runningMean!.data,
    [10, 20, 30, 40].map((v, c) => 0.25 * v + 0.75 * want.mean[c]),
    1e-6,
  );
  expectNear(
    bn.runningVar!.data,
    [5, 6, 7, 8].map((v, c) => 0.25 * v + 0.75 * want.variance[c]),
    1e-6,
  );
  const bits = stateBits(bn);
  recalibrate(bn, batches, { prior: 1 });
  expect(stateBits(bn)).toBe(bits);
});

it("weights, mode, counters, frozen layers and layers without statistics stay as they are", () => {
  const frozen = new BatchNorm(4).freeze();
  const without = new BatchNorm(4, { trackRunningStats: false });
  const model = new Sequential(frozen, without, new BatchNorm(4)).train();
  frozen.training = false;
  const results = recalibrate(model, batches);
  expect(results.map(({ layer }) => layer)).toEqual([model.layers[2]]);
  expect(model.layers.map(({ training }) => training)).toEqual([false, true, true]);
  expect(frozen.runningMean!.data).toEqual(new Float32Array(4));
  expect((model.layers[2] as BatchNorm).numBatchesTracked).toBe(0);
});

it("refuses what cannot be, and changes nothing then", () => {
  const model = network();
  const before = stateBits(model);
  refuses(() => recalibrate(model, batches, { prior: 1.5 }), "E_VALUE", "a prior from 0 to 1, got 1.5");
  refuses(() => recalibrate(model, batches, { prior: Number.NaN }), "E_VALUE", "got NaN");
  refuses(() => recalibrate(model, []), "E_BATCH", "at least one batch");
  refuses(() => recalibrate(new Linear(4, 4), batches), "E_VALUE", "a batch norm that keeps statistics");
  const spoilt = gaussianTensor(9, [8, 4]);
  spoilt.data[5] = Number.NaN;
  refuses(() => recalibrate(model, [batches[0], spoilt]), "E_VALUE", "statistics are finite, got mean NaN");
  refuses(() => recalibrate(model, [batches[0], gaussianTensor(9, [8, 5])]), "E_SHAPE", "4 features");
  expect(stateBits(model)).toBe(before);
});
