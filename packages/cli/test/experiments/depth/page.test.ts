import { expect, test } from "vitest";
import { page, summary } from "#dist/experiments/depth/page.js";
import type { DepthResults } from "#dist/experiments/depth/results.js";
import { recordedOn } from "../../support/recorded.ts";

const results: DepthResults = {
  ...recordedOn("depth", "MNIST"),
  depths: [1, 2],
  width: 100,
  learningRates: [0.3],
  sigmas: [0.1],
  steps: 100,
  batchSize: 60,
  trials: [0.9, 0.95, 0.2, 0.96].map((testAccuracy, index) => ({
    depth: index < 2 ? 1 : 2,
    batchNorm: index % 2 === 1,
    learningRate: 0.3,
    sigma: 0.1,
    heldOutAccuracy: testAccuracy,
    testAccuracy,
    divergedAt: null,
  })),
};

test("page and summary say where the network stops training", () => {
  expect(summary(results).join("\n")).toContain("σ 0.1: without batch norm it stops training at 2 hidden layers");
  expect(page(results)).toContain("stops training at 2 hidden layers");
  expect(page(results)).toContain("trains up to 2 hidden layers");
});
