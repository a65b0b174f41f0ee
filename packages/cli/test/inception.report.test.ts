import { parseHTML } from "linkedom";
import { describe, expect, test } from "vitest";
import type { EnsembleResults } from "#dist/experiments/ensemble.js";
import type { InceptionResults, InceptionRun } from "#dist/experiments/inception.js";
import { INCEPTIONS } from "#dist/experiments/inceptions.js";
import type { RegularizerResults } from "#dist/experiments/regularizer.js";
import { ensembleFigures, ensemblePage, ensembleSummary } from "#dist/report/ensemble.js";
import { inceptionFigures, inceptionPage, inceptionSummary } from "#dist/report/inception.js";
import { regularizerFigures, regularizerPage, regularizerSummary } from "#dist/report/regularizer.js";

const heading = <Name extends string>(experiment: Name) =>
  ({
    experiment,
    format: 1,
    quick: false,
    seed: 1,
    data: { name: "CIFAR-10", trainingImages: 50_000, testImages: 10_000, side: 32, threshold: null },
    software: { batchnorm: "0.1.0", node: "v20.20.2" },
  }) as const;

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

const inception: InceptionResults = {
  ...heading("inception"),
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

const ensemble: EnsembleResults = {
  ...heading("ensemble"),
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

const regularizer: RegularizerResults = {
  ...heading("regularizer"),
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

const ALL = [
  { name: "inception", figures: inceptionFigures(inception), page: inceptionPage(inception) },
  { name: "ensemble", figures: ensembleFigures(ensemble), page: ensemblePage(ensemble) },
  { name: "regularizer", figures: regularizerFigures(regularizer), page: regularizerPage(regularizer) },
];

describe.each(ALL)("the report of $name", ({ figures, page, name }) => {
  test("needs nothing beside it", () => {
    expect(page).not.toMatch(/<(script|link|img|iframe)\b|@import|(src|href)=/);
  });

  test("has a title, every figure with a description, no value that failed, and says what its images are", () => {
    const { document } = parseHTML(page);
    expect(document.querySelector("title")?.textContent).toBe(document.querySelector("h1")?.textContent);
    const charts = [...document.querySelectorAll("figure > svg")];
    expect(charts.length).toBeGreaterThan(0);
    for (const chart of charts) expect(chart.getAttribute("aria-label")).toMatch(/\w+ .*\w+/);
    expect(document.body.textContent).not.toMatch(/undefined|NaN|\[object|null|Infinity/);
    expect(document.querySelector("footer")?.textContent).toContain("32 × 32 pixels, in colours");
    expect(document.querySelector("footer")?.textContent).not.toContain("binary");
  });

  test("draws a figure that stands for itself on white", () => {
    expect(figures.map((figure) => figure.name)).toEqual([name]);
    for (const { svg } of figures) {
      expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
      expect(svg).toContain('fill="#ffffff"');
      expect(svg).not.toMatch(/var\(--|NaN|undefined|Infinity/);
      expect(svg.match(/<(svg|g)\b/g)?.length).toBe(svg.match(/<\/(svg|g)>/g)?.length);
    }
  });
});

describe("inception", () => {
  const rows = (page: string, table: number) => {
    const { document } = parseHTML(page);
    return [...document.querySelectorAll("table")[table].querySelectorAll("tbody tr")].map((row) =>
      [...row.children].map((cell) => cell.textContent),
    );
  };

  test("sets Figure 3 beside the paper's", () => {
    expect(rows(inceptionPage(inception), 0)).toEqual([
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
    expect(inceptionPage(inception)).toContain(sentence);
    expect(inceptionPage(inception)).toContain("50.00% with batch norm and 10.00% without.");
    expect(inceptionPage(inception)).toContain("After 300 steps BN-x30 was the most accurate, with 75.00%.");
    expect(inceptionSummary(inception).join("\n")).toContain(sentence);
    expect(inceptionSummary(inception).join("\n")).toMatch(/BN-x30 +300 +75\.00% +75\.00% +2\.7 M +74\.8%/);
    const slow = runs((run) => (run.name === "Inception" ? run : { ...run, points: run.points.slice(0, 1) }));
    const none = {
      ...inception,
      runs: slow.map((run) => (run.name === "BN-x5" ? { ...run, points: slow[5].points } : run)),
    };
    expect(inceptionPage(none)).toContain("No other network reached 60.00%");
  });

  test("tells what five times the rate did, if the search tried it", () => {
    expect(inceptionPage(inception)).toContain("Here, its loss overflowed at step 17.");
    const { search } = inception;
    const trained = search.trials.map((trial) => ({ ...trial, divergedAt: null }));
    expect(inceptionPage({ ...inception, search: { ...search, trials: trained } })).toContain(
      "Here, it reached 10.00% in the search’s 50 steps, against 41.00% at its own.",
    );
    expect(inceptionPage({ ...inception, search: { ...search, trials: trained.slice(0, 1) } })).not.toContain(
      "At five times its learning rate",
    );
  });

  test("shows a network that diverged as one", () => {
    const diverged = runs((run) => (run.name === "BN-x30" ? { ...run, divergedAt: 200 } : run));
    expect(inceptionPage({ ...inception, runs: diverged })).toContain("BN-x30 (diverged at step 200)");
  });

  test("draws every curve where its numbers say", () => {
    const { document } = parseHTML(inceptionPage(inception));
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

test("the ensemble is compared with its networks, without those that diverged", () => {
  const sentence =
    "2 networks averaged had a test accuracy of 84.50%, 3.5 points more than one of them on average (81.00%) and 2.5 more than the best of them (82.00%).";
  expect(ensemblePage(ensemble)).toContain(sentence);
  expect(ensembleSummary(ensemble).join("\n")).toContain(sentence);
  expect(ensembleSummary(ensemble).join("\n")).toMatch(/network 3, Dropout {2}5% +diverged/);
  expect(ensembleSummary(ensemble).join("\n")).toMatch(/1 network +81\.00% +\(80\.00% to 82\.00%\)/);
  const none = { ...ensemble, votes: [] };
  expect(ensembleFigures(none)).toEqual([]);
  expect(ensemblePage(none)).toContain("All networks diverged");
  expect(ensembleSummary(none).join("\n")).toContain("All networks diverged");
});

test("the regularizer's sentences are those of its numbers", () => {
  const page = regularizerPage(regularizer);
  expect(page).toContain(
    "Batch norm alone reached a test accuracy of 55.0%, Dropout alone 45.0%, neither 40.0%; on top of batch norm, Dropout still helped (+3.0 points).",
  );
  expect(page).toContain("on top of batch norm, Dropout made no difference (+0.2 points).");
  expect(page).toContain("5, 2 passes");
  const verdict =
    "With 2,000 and 5,000 training images, learned for 300 steps, batch norm alone was more accurate on test images than Dropout alone in 2 of 2 cases. Dropout changed test accuracy by +5.0 points without batch norm, and by +0.2 to +3.0 points with it.";
  expect(page).toContain(verdict);
  const summary = regularizerSummary(regularizer).join("\n");
  expect(summary).toContain(verdict);
  expect(summary).toMatch(/both +training +90\.00% +test +58\.00%/);
  expect(summary).toMatch(/neither +training +99\.00% +test +40\.00%/);
});
