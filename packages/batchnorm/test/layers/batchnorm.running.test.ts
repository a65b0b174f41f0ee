/** Running statistics: what moves them, how far, and when not. */
import { BatchNorm, type BatchNormOptions, type Tensor } from "batchnorm";
import { describe, expect, test } from "vitest";
import { onEveryBuild } from "../support/builds.ts";
import { expectNear, expectSame, gaussianTensor, snapshot } from "../support/layers.ts";
import * as paper from "../support/paper.ts";

const [OUTER, C, INNER] = [6, 4, 5];
const M = OUTER * INNER;
const batches = [1, 2, 3, 4].map((seed) => gaussianTensor(seed, [OUTER, C, INNER], seed, 1 + seed / 4));
const moments = ({ data }: Tensor) => paper.statistics({ outer: OUTER, channels: C, inner: INNER, x: data });

function trained(options: BatchNormOptions, count = batches.length): BatchNorm {
  const bn = new BatchNorm(C, { axis: 1, ...options });
  for (const x of batches.slice(0, count)) bn.forward(x);
  return bn;
}

/** running = (1 − w)·running + w·new, from 0 and 1, with the weight of the k-th batch. */
function expected(weight: (k: number) => number, correction: number, count = batches.length) {
  const mean = new Float64Array(C);
  const variance = new Float64Array(C).fill(1);
  for (const [k, x] of batches.slice(0, count).entries()) {
    const batch = moments(x);
    const w = weight(k + 1);
    for (let c = 0; c < C; c++) {
      mean[c] = (1 - w) * mean[c] + w * batch.mean[c];
      variance[c] = (1 - w) * variance[c] + w * batch.variance[c] * correction;
    }
  }
  return { mean, variance };
}

function expectRunning(bn: BatchNorm, { mean, variance }: paper.Statistics): void {
  expectNear(bn.runningMean!.data, mean, 1e-6);
  expectNear(bn.runningVar!.data, variance, 1e-6);
}

const UNBIASED = M / (M - 1);

onEveryBuild(() => {
  test.each([0.1, 0.3, 0.999])("momentum %d is the weight of the new value", (momentum) => {
    const bn = trained({ momentum });
    expectRunning(
      bn,
      expected(() => momentum, UNBIASED),
    );
    expect(bn.numBatchesTracked).toBe(4);
  });

  test("the default is momentum 0.1 and the variance divided by m − 1", () => {
    expectRunning(
      trained({}),
      expected(() => 0.1, UNBIASED),
    );
  });

  test("momentum null is the plain average of all batches", () => {
    for (const count of [1, 2, 3, 4]) {
      expectRunning(
        trained({ momentum: null }, count),
        expected((k) => 1 / k, UNBIASED, count),
      );
    }
    const average = batches.map(moments).reduce((sum, { mean }) => sum + mean[0] / 4, 0);
    expect(trained({ momentum: null }).runningMean!.data[0]).toBeCloseTo(average, 5);
  });

  test("momentum 0 keeps what is there to the bit, and counts", () => {
    const bn = trained({ momentum: 0 });
    expect([...bn.runningMean!.data]).toEqual([0, 0, 0, 0]);
    expect([...bn.runningVar!.data]).toEqual([1, 1, 1, 1]);
    expect(bn.numBatchesTracked).toBe(4);
  });

  test("momentum 1 takes the last batch alone", () => {
    const { mean, variance } = moments(batches[3]);
    expectRunning(trained({ momentum: 1 }), { mean, variance: variance.map((v) => v * UNBIASED) });
  });

  test("runningVariance biased stores the variance divided by m, and changes nothing else", () => {
    const [biased, unbiased] = [trained({ runningVariance: "biased" }), trained({})];
    expectRunning(
      biased,
      expected(() => 0.1, 1),
    );
    expectSame(biased.runningMean!.data, unbiased.runningMean!.data);
    expectSame(biased.forward(batches[0]).data, unbiased.forward(batches[0]).data);
  });

  test("a momentum set between batches holds from the next one", () => {
    const bn = trained({ momentum: 0.1 }, 2);
    bn.momentum = 0.5;
    bn.forward(batches[2]);
    expectRunning(
      bn,
      expected((k) => (k < 3 ? 0.1 : 0.5), UNBIASED, 3),
    );
  });

  describe("trackRunningStats: false", () => {
    test("keeps no statistics, and eval mode uses the batch's", () => {
      const bn = trained({ trackRunningStats: false });
      expect([bn.runningMean, bn.runningVar, bn.numBatchesTracked]).toEqual([null, null, null]);
      expect(Object.keys(bn.stateDict())).toEqual(["weight", "bias"]);
      const y = bn.forward(batches[0]);
      const dx = bn.backward(batches[1]);
      expectSame(bn.eval().forward(batches[0]).data, y.data);
      expectSame(bn.backward(batches[1]).data, dx.data);
    });

    test("set later, the statistics stay where they are, and eval mode still uses them", () => {
      const bn = trained({});
      bn.trackRunningStats = false;
      const before = snapshot(bn);
      const inTraining = bn.forward(batches[1]);
      expect(snapshot(bn)).toBe(before);
      expectSame(inTraining.data, trained({}).forward(batches[1]).data);
      expectSame(bn.eval().forward(batches[1]).data, trained({}).eval().forward(batches[1]).data);
    });
  });
});

describe("setRunningStats", () => {
  test("replaces both, and counts no batch", () => {
    const bn = new BatchNorm(2);
    bn.setRunningStats([1, 2], [3, 0]);
    expect([[...bn.runningMean!.data], [...bn.runningVar!.data], bn.numBatchesTracked]).toEqual([[1, 2], [3, 0], 0]);
  });

  test.each([
    ["too few means", [1], [1, 1], "E_SHAPE"],
    ["too many variances", [1, 2], [1, 1, 1], "E_SHAPE"],
    ["a negative variance", [1, 2], [1, -1], "E_VALUE"],
    ["a variance that is no number", [1, 2], [Number.NaN, 1], "E_VALUE"],
  ])("refuses %s, and changes nothing", (_, mean, variance, code) => {
    const bn = new BatchNorm(2);
    const before = snapshot(bn);
    expect(() => bn.setRunningStats(mean, variance)).toThrow(expect.objectContaining({ code }));
    expect(snapshot(bn)).toBe(before);
  });

  test("needs a layer that keeps them", () => {
    const bn = new BatchNorm(1, { trackRunningStats: false });
    expect(() => bn.setRunningStats([0], [1])).toThrow(expect.objectContaining({ code: "E_STATE" }));
  });
});
