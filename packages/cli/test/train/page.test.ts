import { parseHTML } from "linkedom";
import { describe, expect, test } from "vitest";
import { figures } from "#dist/train/figures.js";
import { page, summary } from "#dist/train/page.js";
import type { TrainingResults } from "#dist/train/results.js";

const rows = [0.5, 0.9, 0.8].map((accuracy, index) => ({
  epoch: index + 1,
  step: 390 * (index + 1),
  trainLoss: 1.5 - 0.5 * index,
  trainAccuracy: accuracy - 0.1,
  testLoss: 1.2 - 0.4 * index,
  testAccuracy: accuracy,
  learningRate: 0.1 / (index + 1),
}));
const times = rows.map(() => ({ training: 99.84, measuring: 10 }));

function results(changes: Partial<TrainingResults> = {}): TrainingResults {
  return {
    experiment: "train",
    format: 1,
    settings: {
      model: "resnet20",
      dataset: "cifar10",
      data: "abc",
      trainImages: 50_000,
      testImages: 1_000,
      batchNorm: true,
      epochs: 3,
      batchSize: 128,
      learningRate: 0.1,
      momentum: 0.9,
      nesterov: true,
      weightDecay: 5e-4,
      crop: 4,
      flip: true,
      seed: 1,
    },
    data: {
      name: "CIFAR-10",
      trainingImages: 50_000,
      testImages: 10_000,
      shape: [32, 32, 3],
      normalization: { mean: [0.4914, 0.4822, 0.4465], std: [0.247, 0.2435, 0.2616] },
    },
    parameters: 272_474,
    stepsPerEpoch: 390,
    epochs: rows,
    divergedAt: null,
    losses: [{ step: 100, loss: 2 }],
    software: { batchnorm: "0.1.0", node: "v20.20.2" },
    timing: { threads: 2, epochs: times },
    ...changes,
  };
}

const noEpoch = results({ epochs: [], divergedAt: 7, losses: [], timing: { threads: 2, epochs: [] } });

describe.each([
  ["of a finished run", results(), 2],
  ["of a run that diverged in its first epoch", noEpoch, 0],
])("the report %s", (_, each, charts) => {
  const { document } = parseHTML(page(each));

  test("needs nothing beside it and has no value that failed", () => {
    expect(page(each)).not.toMatch(/<(script|link|img|iframe)\b|@import/);
    expect(document.querySelector("title")?.textContent).toBe("Training resnet20 on CIFAR-10");
    expect(document.body.textContent).not.toMatch(/undefined|NaN|Infinity|\[object/);
    expect(document.querySelectorAll("figure > svg")).toHaveLength(charts);
    expect(document.querySelectorAll("tbody tr")).toHaveLength(each.epochs.length);
  });
});

test("the report says which epoch's accuracy it is, which was the best, and how to repeat it", () => {
  const text = parseHTML(page(results())).document.body.textContent;
  expect(text).toContain(
    "Test accuracy after the last epoch, 3: 80.00%. The highest of all epochs was 90.00%, after epoch 2.",
  );
  expect(text).toContain(
    "batchnorm train resnet20 --dataset cifar10 --epochs 3 --batch-size 128 --learning-rate 0.1 --seed 1 --test-images 1000 with",
  );
  expect(text).toContain("moved by up to 4 pixels along each axis, every other one mirrored");
  const cells = [...parseHTML(page(results())).document.querySelectorAll("tbody tr:first-child > *")];
  expect(cells.map((cell) => cell.textContent)).toEqual(["1", "1.5000", "40.00%", "1.2000", "50.00%", "0.100", "500"]);
  const improving = results({ epochs: rows.slice(0, 2) });
  expect(summary(improving).join("\n")).toContain("epoch, 2: 90.00%, the highest of all epochs.");
});

test("the report of a run that diverged says where, and where it was before", () => {
  expect(page(noEpoch)).toContain("not finite at step 7, in epoch 1 of 3. No epoch was finished. A lower");
  const later = results({ epochs: rows.slice(0, 1), divergedAt: 400 });
  expect(summary(later).join("\n")).toContain(
    "step 400, in epoch 2 of 3. The epoch before ended at a test accuracy of 50.00%. A lower learning rate than 0.1",
  );
});

test("the curves are drawn where their numbers say, training before test", () => {
  const { document } = parseHTML(page(results()));
  const paths = [...document.querySelectorAll("figure svg [aria-label='line'] path")].map((path) =>
    (path.getAttribute("d") ?? "").slice(1).split(/[L,]/).map(Number),
  );
  expect(paths).toHaveLength(4);
  // 400 × 260 with margins 48, 14, 34, 40: x 1 to 3 epochs; y of accuracy 38% (2 below the lowest) to 100%.
  const x = (epoch: number) => 48 + ((epoch - 1) / 2) * (400 - 48 - 14);
  const y = (accuracy: number) => 260 - 40 - ((accuracy - 38) / (100 - 38)) * (260 - 34 - 40);
  const expected = [x(1), y(50), x(2), y(90), x(3), y(80)];
  for (const [index, value] of expected.entries()) expect(paths[3][index]).toBeCloseTo(value, 2);
  expect(paths[2][1]).toBeCloseTo(y(40), 2);
});

test.each([
  ["of three epochs", results()],
  ["of one epoch", results({ epochs: rows.slice(0, 1) })],
  ["with a loss that is not finite", results({ epochs: rows.map((row) => ({ ...row, testLoss: null })) })],
])("the figure %s stands for itself on white", (_, each) => {
  const [{ name, svg }] = figures(each);
  expect(name).toBe("curves");
  expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
  expect(svg).not.toMatch(/var\(--|NaN|undefined|Infinity/);
  expect(svg).toContain(">resnet20 on CIFAR-10</text>");
});

test("names given by the user cannot become markup", () => {
  const named = results({ data: { ...results().data, name: "<img src=x>" } });
  expect(page(named)).not.toContain("<img");
  expect(figures(named)[0].svg).not.toContain("<img");
});
