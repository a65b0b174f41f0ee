import { expect, test } from "vitest";
import { bestRate } from "#dist/experiments/inception/ratesearch.js";

test("the best rate is the most accurate, the lower of equals, and none that diverged", () => {
  const trial = (learningRate: number, accuracy: number, divergedAt: number | null = null) => ({
    learningRate,
    accuracy,
    divergedAt,
  });
  expect(bestRate([trial(0.01, 0.3), trial(0.02, 0.5), trial(0.05, 0.5), trial(0.1, 0.9, 7)])).toBe(0.02);
  expect(bestRate([trial(0.01, 0.1, 3), trial(0.02, 0.2, 3)])).toBe(0.02);
});
