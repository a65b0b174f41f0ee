import { expect, test } from "vitest";
import { INCEPTIONS } from "#dist/experiments/inception/models.js";
import { FAST, ORDINARY } from "#dist/networks/inception/settings.js";

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
