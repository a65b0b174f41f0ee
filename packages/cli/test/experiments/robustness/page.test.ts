import { parseHTML } from "linkedom";
import { expect, test } from "vitest";
import { page, summary } from "#dist/experiments/robustness/page.js";
import type { RobustnessResults } from "#dist/experiments/robustness/results.js";
import { recordedOn } from "../../support/recorded.ts";

const results: RobustnessResults = {
  ...recordedOn("robustness", "MNIST"),
  steps: 100,
  batchSize: 60,
  hidden: [100, 100, 100],
  learningRates: [0.1, 1],
  sigmas: [0.01, 0.3],
  cells: [0.11, 0.8999, 0.9001, 0.95, 0.91, 0.92, 0.93, 0.34].map((accuracy, index) => ({
    batchNorm: index >= 4,
    learningRate: index % 2 ? 1 : 0.1,
    sigma: index % 4 < 2 ? 0.01 : 0.3,
    accuracy,
    divergedAt: index === 0 ? 50 : null,
  })),
};

test("the heat map writes every accuracy into its square, rounded down", () => {
  const { document } = parseHTML(page(results));
  const maps = [...document.querySelectorAll("figure > svg")];
  const digits = maps.map((map) =>
    [...map.querySelectorAll("[aria-label='text'] text")].map((text) => text.textContent).sort(),
  );
  expect(digits).toEqual([
    ["11", "89", "90", "95"],
    ["34", "91", "92", "93"],
  ]);
});

test("the summary counts the settings that train", () => {
  expect(summary(results).join("\n")).toMatch(
    /with batch norm\s+3 of 4 settings train \(75%\)\n\s+without\s+2 of 4 settings train \(50%\)/,
  );
});
