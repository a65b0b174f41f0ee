import { parseHTML } from "linkedom";
import { expect, test } from "vitest";
import { page, summary } from "#dist/experiments/figure1/page.js";
import type { Figure1Results } from "#dist/experiments/figure1/results.js";
import type { Curve } from "#dist/networks/sigmoids/settings.js";
import { recordedOn } from "../../support/recorded.ts";

function curve(batchNorm: boolean, from: number): Curve {
  const points = [100, 200, 300].map((step, index) => ({
    step,
    loss: 1,
    accuracy: { test: from + 0.02 * index },
    percentiles: [-1 - index, 0.25, 1 + index] as const,
  }));
  return { batchNorm, learningRate: 0.1, sigma: 0.1, points, divergedAt: null, seconds: 1 };
}

function results(name?: string): Figure1Results {
  const pair = { withBatchNorm: curve(true, 0.93), withoutBatchNorm: curve(false, 0.91) };
  const setting = { learningRate: 0.1, sigma: 0.1 };
  const trials = [true, false].map((batchNorm) => ({
    ...setting,
    batchNorm,
    accuracy: batchNorm ? 0.9432 : 0.9321,
  }));
  return {
    ...recordedOn("figure1", "MNIST", name),
    steps: 300,
    batchSize: 60,
    hidden: [100, 100, 100],
    watchedUnit: 50,
    choice: {
      same: setting,
      best: { withBatchNorm: setting, withoutBatchNorm: setting },
      search: {
        learningRates: [0.1],
        sigmas: [0.1],
        steps: 10,
        finalists: 1,
        finalSteps: 20,
        trials,
        finals: trials,
        seed: 1,
        data: "MNIST",
      },
    },
    same: pair,
    best: pair,
  };
}

test("figure 1 is drawn where its numbers say", () => {
  const { document } = parseHTML(page(results()));
  const paths = [...document.querySelectorAll("figure svg [aria-label='line'] path")].map((path) =>
    path.getAttribute("d"),
  );
  // The plot is 400 × 250 with margins 44, 14, 28, 40: x 0 to 300 steps, y 80% to 100%.
  const x = (step: number) => 44 + (step / 300) * (400 - 44 - 14);
  const y = (accuracy: number) => 250 - 40 - ((accuracy - 0.8) / 0.2) * (250 - 28 - 40);
  const numbers = (path: string | null | undefined) => (path ?? "").slice(1).split(/[L,]/).map(Number);
  const expected = [x(100), y(0.91), x(200), y(0.93), x(300), y(0.95)];
  numbers(paths[0]).forEach((value, index) => {
    expect(value).toBeCloseTo(expected[index] as number, 2);
  });
  expect(numbers(paths[0])).toHaveLength(6);
});

test("the claims are those of the numbers", () => {
  expect(page(results())).toContain("reached 95.00%, the best test accuracy");
  expect(summary(results()).join("\n")).toContain(
    "95.00%, the best without, took 200 steps with batch norm and 300 without: 1.5 times as many.",
  );
});

test("a preview says that it is one", () => {
  expect(page({ ...results(), quick: true })).toContain("A preview made with <code>--quick</code>");
  expect(page(results())).not.toContain("A preview made with");
});

test("names given by the user cannot become markup", () => {
  const text = page(results('<img src=x onerror="alert(1)">'));
  expect(text).not.toContain("<img");
  expect(text).toContain("&lt;img src=x onerror=&quot;alert(1)&quot;&gt;");
});
