import { expect, test } from "vitest";
import { page, summary } from "#dist/experiments/regularizer/page.js";
import type { RegularizerResults } from "#dist/experiments/regularizer/results.js";
import { recordedOn } from "../../support/recorded.ts";

const results: RegularizerResults = {
  ...recordedOn("regularizer", "CIFAR-10"),
  steps: 300,
  batchSize: 32,
  measuredImages: 10_000,
  decay: 0.01,
  weightDecay: 1e-4,
  sizes: [2_000, 5_000],
  runs: [2_000, 5_000].flatMap((images) =>
    [
      { batchNorm: false, dropout: 0, trainingAccuracy: 0.99, testAccuracy: 0.4 },
      { batchNorm: false, dropout: 0.4, trainingAccuracy: 0.95, testAccuracy: 0.45 },
      { batchNorm: true, dropout: 0, trainingAccuracy: 1, testAccuracy: 0.55 },
      { batchNorm: true, dropout: 0.4, trainingAccuracy: 0.9, testAccuracy: images === 2_000 ? 0.58 : 0.552 },
    ].map((run) => ({ images, ...run, learningRate: run.batchNorm ? 0.1 : 0.02, divergedAt: null, seconds: 1 })),
  ),
};

test("the regularizer's sentences are those of its numbers", () => {
  const text = page(results);
  expect(text).toContain(
    "Batch norm alone reached a test accuracy of 55.0%, Dropout alone 45.0%, neither 40.0%; on top of batch norm, Dropout still helped (+3.0 points).",
  );
  expect(text).toContain("on top of batch norm, Dropout made no difference (+0.2 points).");
  expect(text).toContain("5, 2 passes");
  const verdict =
    "With 2,000 and 5,000 training images, learned for 300 steps, batch norm alone was more accurate on test images than Dropout alone in 2 of 2 cases. Dropout changed test accuracy by +5.0 points without batch norm, and by +0.2 to +3.0 points with it.";
  expect(text).toContain(verdict);
  const lines = summary(results).join("\n");
  expect(lines).toContain(verdict);
  expect(lines).toMatch(/both +training +90\.00% +test +58\.00%/);
  expect(lines).toMatch(/neither +training +99\.00% +test +40\.00%/);
});
