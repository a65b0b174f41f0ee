import { expect, test } from "vitest";
import { page, summary } from "#dist/experiments/bias-drift/page.js";
import type { BiasDriftResults } from "#dist/experiments/bias-drift/results.js";
import { recordedOn } from "../../support/recorded.ts";

const results: BiasDriftResults = {
  ...recordedOn("bias-drift", "MNIST"),
  steps: 20,
  measureEvery: 10,
  units: 4,
  batchSize: 30,
  learningRate: 0.5,
  curves: (["the bias", "everything"] as const).flatMap((learns) =>
    (["differentiated", "constants"] as const).map((statistics) => ({
      learns,
      statistics,
      points: [0, 10, 20].map((step) => ({
        step,
        loss: 2.3,
        biasNorm: statistics === "constants" ? step / 4 : 0,
      })),
    })),
  ),
};

test("page and summary say where norm and loss ended", () => {
  expect(summary(results).join("\n")).toMatch(/the bias learns\s+statistics constants\s+\|b\|\s+5\.0/);
  expect(page(results)).toContain("grew to a norm of 5.0 in 20 steps while the loss stayed at 2.300");
});
