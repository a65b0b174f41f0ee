import { parseHTML } from "linkedom";
import { describe, expect, test } from "vitest";
import { INCEPTIONS } from "#dist/experiments/inception/models.js";
import { page, summary } from "#dist/experiments/inception/page.js";
import type { InceptionResults, InceptionRun } from "#dist/experiments/inception/results.js";
import { recordedOn } from "../../support/recorded.ts";

/** Accuracies after 100, 200 and 300 steps. */
const ACCURACIES: Record<string, number[]> = {
  Inception: [0.3, 0.5, 0.6],
  "BN-Baseline": [0.4, 0.6, 0.65],
  "BN-x5": [0.61, 0.62, 0.7],
  "BN-x30": [0.5, 0.59, 0.75],
  "BN-x5-Sigmoid": [0.2, 0.4, 0.5],
  "Inception-Sigmoid": [0.1, 0.1, 0.1],
};

function runs(change: (run: InceptionRun) => InceptionRun = (run) => run): InceptionRun[] {
  return INCEPTIONS.map(({ name, batchNorm, activation, dropout, rateFactor, pace }) =>
    change({
      name,
      batchNorm,
      activation,
      dropout,
      learningRate: 0.02 * rateFactor,
      ...pace,
      parameters: batchNorm ? 318_970 : 317_506,
      points: ACCURACIES[name].map((test, index) => ({ step: 100 * (index + 1), loss: 1, accuracy: { test } })),
      divergedAt: null,
      seconds: 1,
    }),
  );
}

const results: InceptionResults = {
  ...recordedOn("inception", "CIFAR-10"),
  steps: 300,
  stepsPerEpoch: 200,
  batchSize: 32,
  learnedImages: 45_000,
  heldOutImages: 5_000,
  earlyImages: 2_000,
  measuredImages: 10_000,
  search: {
    steps: 50,
    trials: [
      { learningRate: 0.02, accuracy: 0.41, divergedAt: null },
      { learningRate: 0.1, accuracy: 0.1, divergedAt: 17 },
    ],
    chosen: 0.02,
  },
  runs: runs(),
};

describe("the report", () => {
  const rows = (html: string, table: number) => {
    const { document } = parseHTML(html);
    return [...document.querySelectorAll("table")[table].querySelectorAll("tbody tr")].map((row) =>
      [...row.children].map((cell) => cell.textContent),
    );
  };

  test("sets Figure 3 beside the paper's", () => {
    expect(rows(page(results), 0)).toEqual([
      ["Inception", "300", "1.0", "60.00%", "60.00%", "31.0 M", "1.0", "72.2%"],
      ["BN-Baseline", "200", "1.5", "65.00%", "65.00%", "13.3 M", "2.3", "72.7%"],
      ["BN-x5", "100", "3.0", "70.00%", "70.00%", "2.1 M", "14.8", "73.0%"],
      ["BN-x30", "300", "1.0", "75.00%", "75.00%", "2.7 M", "11.5", "74.8%"],
      ["BN-x5-Sigmoid", "never", "–", "50.00%", "50.00%", "never", "–", "69.8%"],
      ["Inception-Sigmoid", "never", "–", "10.00%", "10.00%", "never", "–", "guessing"],
    ]);
  });

  test("says what came out", () => {
    const sentence =
      "BN-x5 was the first to reach 60.00%, the best test accuracy of Inception without batch norm, after 100 steps instead of 300: 3.0 times fewer.";
    expect(page(results)).toContain(sentence);
    expect(page(results)).toContain("50.00% with batch norm and 10.00% without.");
    expect(page(results)).toContain("After 300 steps BN-x30 was the most accurate, with 75.00%.");
    expect(summary(results).join("\n")).toContain(sentence);
    expect(summary(results).join("\n")).toMatch(/BN-x30 +300 +75\.00% +75\.00% +2\.7 M +74\.8%/);
    const slow = runs((run) => (run.name === "Inception" ? run : { ...run, points: run.points.slice(0, 1) }));
    const none = {
      ...results,
      runs: slow.map((run) => (run.name === "BN-x5" ? { ...run, points: slow[5].points } : run)),
    };
    expect(page(none)).toContain("No other network reached 60.00%");
  });

  test("tells what five times the rate did, if the search tried it", () => {
    expect(page(results)).toContain("Here, its loss overflowed at step 17.");
    const { search } = results;
    const trained = search.trials.map((trial) => ({ ...trial, divergedAt: null }));
    expect(page({ ...results, search: { ...search, trials: trained } })).toContain(
      "Here, it reached 10.00% in the search’s 50 steps, against 41.00% at its own.",
    );
    expect(page({ ...results, search: { ...search, trials: trained.slice(0, 1) } })).not.toContain(
      "At five times its learning rate",
    );
  });

  test("shows a network that diverged as one", () => {
    const diverged = runs((run) => (run.name === "BN-x30" ? { ...run, divergedAt: 200 } : run));
    expect(page({ ...results, runs: diverged })).toContain("BN-x30 (diverged at step 200)");
  });

  test("draws every curve where its numbers say", () => {
    const { document } = parseHTML(page(results));
    const paths = [...document.querySelectorAll("figure svg [aria-label='line'] path")].map((path) =>
      (path.getAttribute("d") ?? "").slice(1).split(/[L,]/).map(Number),
    );
    expect(paths).toHaveLength(6);
    // The plot is 760 × 400 with margins 44, 132, 28, 40: x 0 to 300 steps, y 0 to 80%.
    const x = (step: number) => 44 + (step / 300) * (760 - 44 - 132);
    const y = (accuracy: number) => 400 - 40 - (accuracy / 0.8) * (400 - 28 - 40);
    const expected = ACCURACIES["BN-x5"].flatMap((accuracy, index) => [x(100 * (index + 1)), y(accuracy)]);
    for (const [index, value] of paths[2].entries()) expect(value).toBeCloseTo(expected[index], 2);
    const dots = [...document.querySelectorAll("figure svg [aria-label='dot'] circle")];
    expect(dots.map((dot) => Number(dot.getAttribute("cx")))).toEqual([300, 200, 100, 300].map((step) => x(step)));
  });
});
