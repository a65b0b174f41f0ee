import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { heldOutCount } from "#dist/datasets/mnist.js";
import { movement, verdict } from "#dist/experiments/comparison.js";
import { bestByDepth, type DepthTrial, stopsAt } from "#dist/experiments/depth.js";
import { measuringSteps } from "#dist/experiments/figure1.js";
import type { Curve } from "#dist/experiments/network.js";
import { type Cell, trainedShare } from "#dist/experiments/robustness.js";
import { bestSetting, lastFifth } from "#dist/experiments/search.js";
import { percentiles } from "#dist/runs/percentiles.js";
import { specHash, type TrainingSpec } from "#dist/runs/spec.js";

function curve(batchNorm: boolean, accuracies: [step: number, accuracy: number][]): Curve {
  const points = accuracies.map(([step, accuracy]) => ({ step, loss: 1, accuracy: { test: accuracy } }));
  return { batchNorm, learningRate: 0.1, sigma: 0.1, points, divergedAt: null, seconds: 1 };
}

describe("the verdict on two curves", () => {
  const slow: [number, number][] = [
    [100, 0.2],
    [200, 0.8],
    [300, 0.95],
    [400, 0.94],
  ];
  const fast: [number, number][] = [
    [100, 0.9],
    [200, 0.96],
    [300, 0.97],
    [400, 0.965],
  ];

  test("counts steps to the other's best", () => {
    expect(verdict({ withBatchNorm: curve(true, fast), withoutBatchNorm: curve(false, slow) })).toEqual({
      finalWith: 0.965,
      finalWithout: 0.94,
      lateWith: [0.965, 0.965],
      lateWithout: [0.94, 0.94],
      bestWith: { accuracy: 0.97, step: 300 },
      bestWithout: { accuracy: 0.95, step: 300 },
      stepsWith: 200,
      stepsWithout: null,
      ratio: 1.5,
    });
  });

  test("gives the range over the last fifth", () => {
    const late: [number, number][] = [...slow, [460, 0.93], [480, 0.96], [500, 0.95]];
    const { lateWithout } = verdict({ withBatchNorm: curve(true, fast), withoutBatchNorm: curve(false, late) });
    expect(lateWithout).toEqual([0.93, 0.96]);
  });

  test("says so when batch norm never gets there", () => {
    const { stepsWith, stepsWithout, ratio } = verdict({
      withBatchNorm: curve(true, slow),
      withoutBatchNorm: curve(false, fast),
    });
    expect({ stepsWith, stepsWithout, ratio }).toEqual({ stepsWith: null, stepsWithout: 200, ratio: null });
  });
});

test("movement takes the extremes of the median, and the spread at both ends", () => {
  const base = curve(true, [[1, 0.5]]);
  const points = [
    { step: 1, loss: 1, accuracy: {}, percentiles: [-1, 0, 2] as const },
    { step: 2, loss: 1, accuracy: {} },
    { step: 3, loss: 1, accuracy: {}, percentiles: [-3, -2, 4] as const },
    { step: 4, loss: 1, accuracy: {}, percentiles: [-2, 1, 3] as const },
  ];
  expect(movement({ ...base, points })).toEqual({ median: [-2, 1], spread: [3, 5] });
  expect(movement(base)).toBeNull();
});

describe("the steps at which accuracy is measured", () => {
  test("are dense at first and thin out", () => {
    const steps = measuringSteps(50_000);
    expect(steps.slice(0, 11)).toEqual([50, 100, 150, 200, 250, 300, 350, 400, 450, 500, 600]);
    expect(steps.slice(-2)).toEqual([49_500, 50_000]);
    expect(steps).toHaveLength(145);
  });

  test("rise and end with the last step, for any number of steps", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60_000 }), (last) => {
        const steps = measuringSteps(last);
        expect(steps.at(-1)).toBe(last);
        expect(steps.every((step, index) => index === 0 || step > (steps[index - 1] as number))).toBe(true);
      }),
    );
  });
});

test("a search measures five times over the last fifth, or as often as there are steps", () => {
  expect(lastFifth(20_000)).toEqual([16_000, 17_000, 18_000, 19_000, 20_000]);
  expect(lastFifth(3)).toEqual([2, 3]);
  expect(lastFifth(1)).toEqual([1]);
});

test("the best setting is the most accurate of its own network, the earlier of equals", () => {
  const trial = (batchNorm: boolean, learningRate: number, sigma: number, accuracy: number) => ({
    batchNorm,
    learningRate,
    sigma,
    accuracy,
  });
  const trials = [
    trial(false, 0.1, 0.1, 0.5),
    trial(false, 1, 0.3, 0.9),
    trial(false, 3, 0.1, 0.9),
    trial(true, 3, 0.3, 0.99),
    trial(true, 0.1, 0.1, 0.95),
  ];
  expect(bestSetting(trials, false)).toEqual({ learningRate: 1, sigma: 0.3 });
  expect(bestSetting(trials, true)).toEqual({ learningRate: 3, sigma: 0.3 });
});

test("the share that trains counts squares above 90%, not at it", () => {
  const cell = (batchNorm: boolean, accuracy: number): Cell => ({
    batchNorm,
    accuracy,
    learningRate: 1,
    sigma: 1,
    divergedAt: null,
  });
  const cells = [cell(true, 0.91), cell(true, 0.9), cell(true, 0.95), cell(true, 0.1), cell(false, 0.99)];
  expect(trainedShare({ cells }, true)).toBe(0.5);
  expect(trainedShare({ cells }, false)).toBe(1);
});

describe("depth", () => {
  const trial = (depth: number, learningRate: number, heldOutAccuracy: number, testAccuracy: number): DepthTrial => ({
    depth,
    batchNorm: false,
    learningRate,
    sigma: 0.1,
    heldOutAccuracy,
    testAccuracy,
    divergedAt: null,
  });
  const trials = [
    trial(1, 0.1, 0.9, 0.8),
    trial(1, 1, 0.8, 0.95),
    trial(2, 0.1, 0.1, 0.1),
    trial(2, 1, 0.2, 0.2),
    trial(3, 0.1, 0.7, 0.7),
    trial(3, 1, 0.1, 0.1),
    trial(4, 0.1, 0.1, 0.1),
    trial(4, 1, 0.1, 0.1),
    { ...trial(4, 1, 0.99, 0.99), sigma: 0.4 },
    { ...trial(4, 1, 0.99, 0.99), batchNorm: true },
  ];
  const depths = [1, 2, 3, 4];
  const plain = { batchNorm: false, sigma: 0.1 };

  test("chooses by the held-out images, not by the test images", () => {
    expect(bestByDepth({ depths, trials }, plain).map((best) => best.testAccuracy)).toEqual([0.8, 0.2, 0.7, 0.1]);
  });

  test("stops where no deeper network trains, not at the first that does not", () => {
    expect(stopsAt({ depths, trials }, plain)).toBe(4);
    expect(stopsAt({ depths: [1, 2, 3], trials }, plain)).toBeNull();
    expect(stopsAt({ depths: [2, 4], trials }, plain)).toBe(2);
  });
});

describe("percentiles", () => {
  test("interpolate between neighbours and leave the sample alone", () => {
    const sample = Float32Array.from([3, 1, 2, 4]);
    expect(percentiles(sample, [0, 0.5, 1, 0.25])).toEqual([1, 2.5, 4, 1.75]);
    expect([...sample]).toEqual([3, 1, 2, 4]);
    expect(percentiles(Float32Array.of(7), [0.15, 0.85])).toEqual([7, 7]);
  });

  test("leave the right share of the sample below them", () => {
    fc.assert(
      fc.property(
        fc.float32Array({ noNaN: true, minLength: 1 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (sample, share) => {
          fc.pre(sample.every((value) => Math.abs(value) < 1e30));
          const [value] = percentiles(sample, [share]) as [number];
          const below = sample.filter((other) => other < value).length;
          const upTo = sample.filter((other) => other <= value).length;
          expect(below).toBeLessThanOrEqual(Math.ceil(share * (sample.length - 1)));
          expect(upTo).toBeGreaterThanOrEqual(Math.floor(share * (sample.length - 1)) + 1);
        },
      ),
    );
  });
});

test("a run's name depends on every value of its spec, and not on the order of the fields", () => {
  const spec: TrainingSpec = {
    kind: "training",
    data: "abc",
    trainOn: "all",
    measureOn: ["test"],
    batchNorm: true,
    hidden: [100],
    sigma: 0.1,
    learningRate: 0.1,
    batchSize: 60,
    steps: 10,
    measureAt: [10],
    watchedUnit: null,
    seed: 1,
  };
  const reversed = Object.fromEntries(Object.entries(spec).reverse()) as unknown as TrainingSpec;
  expect(specHash(reversed)).toBe(specHash(spec));
  const changes: Partial<TrainingSpec>[] = [
    { data: "abd" },
    { trainOn: "all-but-held-out" },
    { measureOn: ["held-out"] },
    { batchNorm: false },
    { hidden: [100, 100] },
    { sigma: 0.2 },
    { learningRate: 1 },
    { batchSize: 61 },
    { steps: 11 },
    { measureAt: [5, 10] },
    { watchedUnit: 0 },
    { seed: 2 },
  ];
  const hashes = changes.map((change) => specHash({ ...spec, ...change }));
  expect(new Set([specHash(spec), ...hashes]).size).toBe(changes.length + 1);
});

test("held-out images are the last 10,000, or a sixth of fewer", () => {
  expect([60_000, 600, 120_000, 5].map(heldOutCount)).toEqual([10_000, 100, 10_000, 0]);
});
