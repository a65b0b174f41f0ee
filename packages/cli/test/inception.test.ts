import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import type { Cifar10 } from "#dist/datasets/cifar10.js";
import { InputError } from "#dist/errors.js";
import { availableImages, epochSteps, FAST, ORDINARY } from "#dist/experiments/images.js";
import { curveMeasurements, INCEPTION_SIZES, type InceptionRun } from "#dist/experiments/inception.js";
import { INCEPTIONS } from "#dist/experiments/inceptions.js";
import { fastest, race } from "#dist/experiments/race.js";
import { bestRate } from "#dist/experiments/ratesearch.js";
import { votes } from "#dist/experiments/votes.js";
import { spread } from "#dist/report/charts/spread.js";
import { loadFewColours } from "./colours.ts";

let data: Cifar10;
beforeAll(async () => {
  data = await loadFewColours();
});

test("the six networks are the paper's", () => {
  expect(
    INCEPTIONS.map(({ name, batchNorm, activation, dropout, rateFactor, pace }) => {
      return [name, batchNorm, activation, dropout, rateFactor, pace];
    }),
  ).toEqual([
    ["Inception", false, "relu", 0.4, 1, ORDINARY],
    ["BN-Baseline", true, "relu", 0.4, 1, ORDINARY],
    ["BN-x5", true, "relu", 0, 5, FAST],
    ["BN-x30", true, "relu", 0, 30, FAST],
    ["BN-x5-Sigmoid", true, "sigmoid", 0, 5, FAST],
    ["Inception-Sigmoid", false, "sigmoid", 0.4, 1, ORDINARY],
  ]);
  expect(FAST.weightDecay).toBeCloseTo(ORDINARY.weightDecay / 5, 12);
});

describe("curves are measured", () => {
  const part = { earlyImages: 2_000, measuredImages: 10_000 };

  test("eight times in the first epoch, and every half epoch from its end on", () => {
    const measurements = curveMeasurements(3_000, 1_000, part);
    expect(measurements.map(({ step }) => step)).toEqual([
      125, 250, 375, 500, 625, 750, 875, 1_000, 1_500, 2_000, 2_500, 3_000,
    ]);
    expect(measurements.map(({ images }) => images)).toEqual([...Array(7).fill(2_000), ...Array(5).fill(10_000)]);
  });

  test("in little of the time, when measuring an image takes a third of learning from it", () => {
    const { epochs, images } = INCEPTION_SIZES.full;
    const stepsPerEpoch = epochSteps(images);
    const measured = curveMeasurements(epochs * stepsPerEpoch, stepsPerEpoch, INCEPTION_SIZES.full);
    const seen = measured.reduce((sum, measurement) => sum + measurement.images, 0);
    expect(seen / 3).toBeLessThan((epochs * images) / 6);
  });

  test("at rising steps, the last one with all images, for any length", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20_000 }), fc.integer({ min: 1, max: 2_000 }), (steps, stepsPerEpoch) => {
        const measurements = curveMeasurements(steps, stepsPerEpoch, part);
        expect(measurements.at(-1)).toEqual({ step: steps, images: 10_000 });
        expect(measurements.every(({ step }, i) => step > (measurements[i - 1]?.step ?? 0))).toBe(true);
      }),
    );
  });
});

test("an experiment takes the images that there are, and refuses less than a step of them", () => {
  expect(availableImages(data, 50)).toBe(50);
  expect(availableImages(data, 45_000)).toBe(90);
  const few = { ...data, name: "few", train: { ...data.train, length: 34 } };
  expect(() => availableImages(few, 45_000)).toThrow(InputError);
  expect(() => availableImages(few, 45_000)).toThrow(/few: expected at least 32 training images.*; got 31/);
  expect(epochSteps(95)).toBe(2);
});

test("the best rate is the most accurate, the lower of equals, and none that diverged", () => {
  const trial = (learningRate: number, accuracy: number, divergedAt: number | null = null) => ({
    learningRate,
    accuracy,
    divergedAt,
  });
  expect(bestRate([trial(0.01, 0.3), trial(0.02, 0.5), trial(0.05, 0.5), trial(0.1, 0.9, 7)])).toBe(0.02);
  expect(bestRate([trial(0.01, 0.1, 3), trial(0.02, 0.2, 3)])).toBe(0.02);
});

describe("the race", () => {
  const run = (name: string, accuracies: number[]): InceptionRun => ({
    name,
    batchNorm: name !== "Inception",
    activation: "relu",
    dropout: 0,
    learningRate: 0.1,
    decay: 0.1,
    weightDecay: 0,
    parameters: 1,
    points: accuracies.map((test, index) => ({ step: 100 * (index + 1), loss: 1, accuracy: { test } })),
    divergedAt: null,
    seconds: 1,
  });

  test("counts steps to the best of Inception", () => {
    const runs = [
      run("Inception", [0.2, 0.4, 0.6, 0.5]),
      run("BN-x5", [0.3, 0.6, 0.7, 0.8]),
      run("BN-x30", [0.65, 0.6, 0.7, 0.7]),
      run("BN-x5-Sigmoid", [0.1, 0.2, 0.3, 0.4]),
    ];
    const result = race({ runs });
    expect(result.target).toEqual({ step: 300, accuracy: 0.6 });
    expect(result.standings.map(({ steps, ratio, final }) => [steps, ratio, final])).toEqual([
      [300, 1, 0.5],
      [200, 1.5, 0.8],
      [100, 3, 0.7],
      [null, null, 0.4],
    ]);
    expect(fastest(result)?.run.name).toBe("BN-x30");
    expect(fastest(race({ runs: [runs[0], runs[3]] }))).toBeUndefined();
  });
});

describe("votes", () => {
  test("average every choice of networks", () => {
    const sure = Float32Array.from([0.9, 0.1, 0.9, 0.1, 0.9, 0.1]);
    const right = Float32Array.from([0.6, 0.4, 0.3, 0.7, 0.45, 0.55]);
    const labels = Uint8Array.from([0, 1, 1]);
    const [one, two] = votes([sure, right], labels);
    expect(one).toEqual({ networks: 1, choices: 2, mean: (1 / 3 + 1) / 2, lowest: 1 / 3, highest: 1 });
    expect(two).toEqual({ networks: 2, choices: 1, mean: 1 / 3, lowest: 1 / 3, highest: 1 / 3 });
    expect(votes([], labels)).toEqual([]);
    // Neither network's own choice, and not the highest probability of all.
    const together = votes([Float32Array.of(0.5, 0.1, 0.4), Float32Array.of(0, 0.55, 0.45)], Uint8Array.of(2));
    expect(together.map(({ mean }) => mean)).toEqual([0, 1]);
  });

  test("take all choices of six", () => {
    const one = Float32Array.from([1, 0]);
    const counted = votes(Array(6).fill(one), Uint8Array.of(0));
    expect(counted.map(({ choices }) => choices)).toEqual([6, 15, 20, 15, 6, 1]);
    expect(counted.every(({ mean }) => mean === 1)).toBe(true);
  });
});

describe("names that would lie on each other", () => {
  test("share the room around them, and others stay", () => {
    expect(spread([50, 10, 51], 5)).toEqual([48, 10, 53]);
    expect(spread([], 5)).toEqual([]);
  });

  test("are at least the distance apart, in the same order, and no more moved than needed", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 100 }), { maxLength: 8 }), (wanted) => {
        const places = spread(wanted, 7);
        const byWanted = wanted.map((_, index) => index).sort((a, b) => wanted[a] - wanted[b]);
        for (let i = 1; i < byWanted.length; i++) {
          expect(places[byWanted[i]] - places[byWanted[i - 1]]).toBeGreaterThanOrEqual(7 - 1e-9);
        }
        const apart = byWanted.every((index, i) => i === 0 || wanted[index] - wanted[byWanted[i - 1]] >= 7);
        if (apart) for (const [index, place] of places.entries()) expect(place).toBeCloseTo(wanted[index], 9);
      }),
    );
  });
});
