import { parseHTML } from "linkedom";
import { describe, expect, test } from "vitest";
import type { BiasDriftResults } from "#dist/experiments/biasdrift.js";
import type { DepthResults } from "#dist/experiments/depth.js";
import type { Figure1Results } from "#dist/experiments/figure1.js";
import type { Curve } from "#dist/experiments/network.js";
import type { RobustnessResults } from "#dist/experiments/robustness.js";
import { biasDriftFigures, biasDriftPage, biasDriftSummary } from "#dist/report/biasdrift.js";
import { depthFigures, depthPage, depthSummary } from "#dist/report/depth.js";
import { figure1Figures, figure1Page, figure1Summary } from "#dist/report/figure1.js";
import { html } from "#dist/report/html.js";
import { robustnessFigures, robustnessPage, robustnessSummary } from "#dist/report/robustness.js";

const heading = <Name extends string>(experiment: Name, name = "MNIST") =>
  ({
    experiment,
    format: 1,
    quick: false,
    seed: 1,
    data: { name, trainingImages: 60_000, testImages: 10_000, side: 28, threshold: 128 },
    software: { batchnorm: "0.1.0", node: "v20.20.2" },
  }) as const;

function curve(batchNorm: boolean, from: number): Curve {
  const points = [100, 200, 300].map((step, index) => ({
    step,
    loss: 1,
    accuracy: { test: from + 0.02 * index },
    percentiles: [-1 - index, 0.25, 1 + index] as const,
  }));
  return { batchNorm, learningRate: 0.1, sigma: 0.1, points, divergedAt: null, seconds: 1 };
}

function figure1Results(name?: string): Figure1Results {
  const pair = { withBatchNorm: curve(true, 0.93), withoutBatchNorm: curve(false, 0.91) };
  const setting = { learningRate: 0.1, sigma: 0.1 };
  const trials = [true, false].map((batchNorm) => ({
    ...setting,
    batchNorm,
    accuracy: batchNorm ? 0.9432 : 0.9321,
  }));
  return {
    ...heading("figure1", name),
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

const robustnessResults: RobustnessResults = {
  ...heading("robustness"),
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

const depthResults: DepthResults = {
  ...heading("depth"),
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

const biasDriftResults: BiasDriftResults = {
  ...heading("bias-drift"),
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

const ALL = [
  { name: "figure1", figures: figure1Figures(figure1Results()), page: figure1Page(figure1Results()) },
  {
    name: "robustness",
    figures: robustnessFigures(robustnessResults),
    page: robustnessPage(robustnessResults),
  },
  { name: "depth", figures: depthFigures(depthResults), page: depthPage(depthResults) },
  { name: "bias-drift", figures: biasDriftFigures(biasDriftResults), page: biasDriftPage(biasDriftResults) },
];

describe.each(ALL)("the report of $name", ({ figures, page, name }) => {
  test("needs nothing beside it", () => {
    const links = [...page.matchAll(/(?:src|href|url)\s*[=(]\s*["']?([^"')\s>]+)/g)].map((match) => match[1]);
    expect(links.filter((link) => !link?.startsWith("#") && !link?.startsWith("url(#"))).toEqual([]);
    expect(page).not.toMatch(/<(script|link|img|iframe)\b|@import/);
  });

  test("has a title, every figure with a description, and no value that failed", () => {
    const { document } = parseHTML(page);
    expect(document.querySelector("title")?.textContent).toBe(document.querySelector("h1")?.textContent);
    const charts = [...document.querySelectorAll("figure > svg")];
    expect(charts.length).toBeGreaterThan(0);
    for (const chart of charts) expect(chart.getAttribute("aria-label")).toMatch(/\w+ .*\w+/);
    expect(document.body.textContent).not.toMatch(/undefined|NaN|\[object/);
  });

  test("draws figures that stand for themselves on white", () => {
    expect(figures.map((figure) => figure.name)).toContain(name);
    for (const { svg } of figures) {
      expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
      expect(svg).toContain('fill="#ffffff"');
      expect(svg).not.toMatch(/var\(--|NaN|undefined|Infinity/);
      expect(svg.match(/<(svg|g)\b/g)?.length).toBe(svg.match(/<\/(svg|g)>/g)?.length);
    }
  });
});

test("figure 1 is drawn where its numbers say", () => {
  const { document } = parseHTML(figure1Page(figure1Results()));
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

test("the heat map writes every accuracy into its square, rounded down", () => {
  const { document } = parseHTML(robustnessPage(robustnessResults));
  const maps = [...document.querySelectorAll("figure > svg")];
  const digits = maps.map((map) =>
    [...map.querySelectorAll("[aria-label='text'] text")].map((text) => text.textContent).sort(),
  );
  expect(digits).toEqual([
    ["11", "89", "90", "95"],
    ["34", "91", "92", "93"],
  ]);
});

test("the claims are those of the numbers", () => {
  expect(figure1Page(figure1Results())).toContain("reached 95.00%, the best test accuracy");
  expect(figure1Summary(figure1Results()).join("\n")).toContain(
    "95.00%, the best without, took 200 steps with batch norm and 300 without: 1.5 times as many.",
  );
  expect(robustnessSummary(robustnessResults).join("\n")).toMatch(
    /with batch norm\s+3 of 4 settings train \(75%\)\n\s+without\s+2 of 4 settings train \(50%\)/,
  );
  expect(depthSummary(depthResults).join("\n")).toContain(
    "σ 0.1: without batch norm it stops training at 2 hidden layers",
  );
  expect(biasDriftSummary(biasDriftResults).join("\n")).toMatch(
    /the bias learns\s+statistics constants\s+\|b\|\s+5\.0/,
  );
});

test("a preview says that it is one", () => {
  expect(figure1Page({ ...figure1Results(), quick: true })).toContain("A preview made with <code>--quick</code>");
  expect(figure1Page(figure1Results())).not.toContain("A preview made with");
});

test("names given by the user cannot become markup", () => {
  const page = figure1Page(figure1Results('<img src=x onerror="alert(1)">'));
  expect(page).not.toContain("<img");
  expect(page).toContain("&lt;img src=x onerror=&quot;alert(1)&quot;&gt;");
  expect(html`<p class="${'"><script>'}">${["<", html`<b>ok</b>`, null]}</p>`.text).toBe(
    '<p class="&quot;&gt;&lt;script&gt;">&lt;<b>ok</b></p>',
  );
});
