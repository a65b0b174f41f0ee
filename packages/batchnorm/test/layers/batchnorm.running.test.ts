/** Running statistics: what moves them, how far, and when not. */
import { BatchNorm, type BatchNormOptions, type Tensor, tensor } from "batchnorm";
import { describe, expect, test } from "vitest";
import { onEveryDevice, type Runs } from "../support/devices.ts";
import { expectNear, expectSame, gaussianTensor, snapshot } from "../support/layers.ts";
import * as paper from "../support/paper.ts";
import { refuses } from "../support/refusal.ts";

const [OUTER, C, INNER] = [6, 4, 5];
const M = OUTER * INNER;
const batches = [1, 2, 3, 4].map((seed) => gaussianTensor(seed, [OUTER, C, INNER], seed, 1 + seed / 4));
const moments = ({ data }: Tensor) => paper.statistics({ outer: OUTER, channels: C, inner: INNER, x: data });

async function trained(run: Runs, options: BatchNormOptions, count = batches.length): Promise<BatchNorm> {
  const bn = new BatchNorm(C, { axis: 1, ...options });
  for (const x of batches.slice(0, count)) await run.forward(bn, x);
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

onEveryDevice((run) => {
  test.each([0.1, 0.3, 0.999])("momentum %d is the weight of the new value", async (momentum) => {
    const bn = await trained(run, { momentum });
    expectRunning(
      bn,
      expected(() => momentum, UNBIASED),
    );
    expect(bn.numBatchesTracked).toBe(4);
  });

  test("the default is momentum 0.1 and the variance divided by m − 1", async () => {
    expectRunning(
      await trained(run, {}),
      expected(() => 0.1, UNBIASED),
    );
  });

  test("momentum null is the plain average of all batches", async () => {
    for (const count of [1, 2, 3, 4]) {
      expectRunning(
        await trained(run, { momentum: null }, count),
        expected((k) => 1 / k, UNBIASED, count),
      );
    }
    const average = batches.map(moments).reduce((sum, { mean }) => sum + mean[0] / 4, 0);
    expect((await trained(run, { momentum: null })).runningMean!.data[0]).toBeCloseTo(average, 5);
  });

  test("momentum 0 keeps what is there to the bit, and counts", async () => {
    const bn = await trained(run, { momentum: 0 });
    expect([...bn.runningMean!.data]).toEqual([0, 0, 0, 0]);
    expect([...bn.runningVar!.data]).toEqual([1, 1, 1, 1]);
    expect(bn.numBatchesTracked).toBe(4);
  });

  test("momentum 1 takes the last batch alone", async () => {
    const { mean, variance } = moments(batches[3]);
    expectRunning(await trained(run, { momentum: 1 }), { mean, variance: variance.map((v) => v * UNBIASED) });
  });

  test("runningVariance biased stores the variance divided by m, and changes nothing else", async () => {
    const [biased, unbiased] = [await trained(run, { runningVariance: "biased" }), await trained(run, {})];
    expectRunning(
      biased,
      expected(() => 0.1, 1),
    );
    expectSame(biased.runningMean!.data, unbiased.runningMean!.data);
    expectSame((await run.forward(biased, batches[0])).data, (await run.forward(unbiased, batches[0])).data);
  });

  test("a momentum set between batches holds from the next one", async () => {
    const bn = await trained(run, { momentum: 0.1 }, 2);
    bn.momentum = 0.5;
    await run.forward(bn, batches[2]);
    expectRunning(
      bn,
      expected((k) => (k < 3 ? 0.1 : 0.5), UNBIASED, 3),
    );
  });

  describe("momentum null, after batches that were refused", () => {
    /** Mean 12 and, divided by m − 1, variance 8 in every channel. */
    const good = tensor([10, 10, 14, 14], [2, 2]);
    const [both, first] = [
      [Number.NaN, Number.NaN],
      [Number.NaN, 3],
    ].map(([a, b]) => tensor([a, b, 1, 5], [2, 2]));
    const statistics = ({ runningMean, runningVar }: BatchNorm) => [[...runningMean!.data], [...runningVar!.data]];

    test("the average is that of the batches that counted", async () => {
      const bn = new BatchNorm(2, { momentum: null });
      await run.forward(bn, both);
      await run.forward(bn, both);
      await run.forward(bn, good);
      expect(statistics(bn)).toEqual([
        [12, 12],
        [8, 8],
      ]);
      await run.forward(bn, tensor([2, 2, 6, 6], [2, 2]));
      expect(statistics(bn)).toEqual([
        [8, 8],
        [8, 8],
      ]);
      expect(bn.numBatchesTracked).toBe(4);
    });

    test("a channel at a time", async () => {
      const bn = new BatchNorm(2, { momentum: null });
      await run.forward(bn, first);
      expect(statistics(bn)).toEqual([
        [0, 4],
        [1, 2],
      ]);
      await run.forward(bn, good);
      expect(statistics(bn)).toEqual([
        [12, 8],
        [8, 5],
      ]);
    });

    test("a momentum that is a number weighs the next batch as ever", async () => {
      const bn = new BatchNorm(2, { momentum: null });
      await run.forward(bn, first);
      bn.momentum = 0.5;
      await run.forward(bn, good);
      expect(statistics(bn)).toEqual([
        [6, 8],
        [4.5, 5],
      ]);
      bn.momentum = null;
      await run.forward(bn, tensor([0, 0, 0, 0], [2, 2]));
      expect(statistics(bn)[0]).toEqual([3, 8 - 8 / 3].map(Math.fround));
    });

    test("a state dict that was loaded counts as it says", async () => {
      const bn = new BatchNorm(2, { momentum: null });
      await run.forward(bn, both);
      const counted = { shape: [], data: [3] };
      const [mean, variance] = [
        [4, 8],
        [4, 12],
      ].map((data) => ({ shape: [2], data }));
      bn.loadStateDict({ ...bn.stateDict(), running_mean: mean, running_var: variance, num_batches_tracked: counted });
      await run.forward(bn, good);
      expect(statistics(bn)).toEqual([
        [6, 9],
        [5, 11],
      ]);
      expect(Object.keys(bn.stateDict())).not.toContain("num_batches_refused");
    });
  });

  describe("trackRunningStats: false", () => {
    test("keeps no statistics, and eval mode uses the batch's", async () => {
      const bn = await trained(run, { trackRunningStats: false });
      expect([bn.runningMean, bn.runningVar, bn.numBatchesTracked]).toEqual([null, null, null]);
      expect(Object.keys(bn.stateDict())).toEqual(["weight", "bias"]);
      const y = await run.forward(bn, batches[0]);
      const dx = await run.backward(bn, batches[1]);
      expectSame((await run.forward(bn.eval(), batches[0])).data, y.data);
      expectSame((await run.backward(bn, batches[1])).data, dx.data);
    });

    test("set later, the statistics stay where they are, and eval mode still uses them", async () => {
      const bn = await trained(run, {});
      bn.trackRunningStats = false;
      const before = snapshot(bn);
      const inTraining = await run.forward(bn, batches[1]);
      expect(snapshot(bn)).toBe(before);
      expectSame(inTraining.data, (await run.forward(await trained(run, {}), batches[1])).data);
      const other = (await trained(run, {})).eval();
      expectSame((await run.forward(bn.eval(), batches[1])).data, (await run.forward(other, batches[1])).data);
    });
  });
});

test.each([5, -0.1, 1.1, Number.NaN])("a momentum of %d is refused when it is set, and changes nothing", (momentum) => {
  const bn = new BatchNorm(2, { momentum: 0.3 });
  const set = () => {
    bn.momentum = momentum;
  };
  refuses(set, "E_VALUE", "[BatchNorm]", "[0, 1], the weight of the new value, or null", `got ${momentum}`);
  expect(bn.momentum).toBe(0.3);
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
