import { expect, test } from "vitest";
import { type Cell, trainedShare } from "#dist/experiments/robustness/results.js";

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
