import { expect, test } from "vitest";
import { bestSetting, lastFifth } from "#dist/experiments/figure1/search.js";

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
