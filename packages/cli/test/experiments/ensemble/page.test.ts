import { expect, test } from "vitest";
import { figures } from "#dist/experiments/ensemble/figures.js";
import { page, summary } from "#dist/experiments/ensemble/page.js";
import type { EnsembleResults } from "#dist/experiments/ensemble/results.js";
import { recordedOn } from "../../support/recorded.ts";

const results: EnsembleResults = {
  ...recordedOn("ensemble", "CIFAR-10"),
  steps: 300,
  stepsPerEpoch: 200,
  batchSize: 32,
  learnedImages: 45_000,
  measuredImages: 10_000,
  learningRate: 0.1,
  decay: 0.01,
  weightDecay: 2e-5,
  gain: 1.5,
  parameters: 318_970,
  members: [
    { seed: 1, dropout: 0.05, accuracy: 0.8, divergedAt: null, seconds: 1 },
    { seed: 2, dropout: 0.1, accuracy: 0.82, divergedAt: null, seconds: 1 },
    { seed: 3, dropout: 0.05, accuracy: 0.1, divergedAt: 12, seconds: 1 },
  ],
  votes: [
    { networks: 1, choices: 2, mean: 0.81, lowest: 0.8, highest: 0.82 },
    { networks: 2, choices: 1, mean: 0.845, lowest: 0.845, highest: 0.845 },
  ],
};

test("the ensemble is compared with its networks, without those that diverged", () => {
  const sentence =
    "2 networks averaged had a test accuracy of 84.50%, 3.5 points more than one of them on average (81.00%) and 2.5 more than the best of them (82.00%).";
  expect(page(results)).toContain(sentence);
  expect(summary(results).join("\n")).toContain(sentence);
  expect(summary(results).join("\n")).toMatch(/network 3, Dropout {2}5% +diverged/);
  expect(summary(results).join("\n")).toMatch(/1 network +81\.00% +\(80\.00% to 82\.00%\)/);
  const none = { ...results, votes: [] };
  expect(figures(none)).toEqual([]);
  expect(page(none)).toContain("All networks diverged");
  expect(summary(none).join("\n")).toContain("All networks diverged");
});
