import { describe, expect, test } from "vitest";
import { type EpochRow, epochRow } from "#dist/train/epoch.js";
import {
  afterPoint,
  afterReport,
  EMPTY_JOURNAL,
  type Journal,
  LOSS_EVERY,
  meanLoss,
  secondsOf,
  withLossPoint,
} from "#dist/training/journal.js";

/** After as many steps, whose losses are 1, 2, 3, … */
function steps(count: number, from: Journal<EpochRow> = EMPTY_JOURNAL): Journal<EpochRow> {
  let journal = from;
  for (let step = from.step + 1; step <= from.step + count; step++) {
    journal = afterReport(journal, { step, loss: step, correct: 3, learningRate: 1 / step }, 0.5);
  }
  return journal;
}

const withEpoch = (journal: Journal<EpochRow>) =>
  afterPoint(journal, epochRow(journal, 4, { loss: Number.NaN, accuracy: 0.1 }), 2);

test("the mean loss of every hundred steps goes on over the points in between", () => {
  const journal = steps(LOSS_EVERY / 2, withEpoch(steps(LOSS_EVERY * 1.5)));
  expect(journal.losses).toEqual([
    { step: 100, loss: 50.5 },
    { step: 200, loss: 150.5 },
  ]);
  expect(withLossPoint(journal)).toBe(journal);
  expect(withLossPoint(steps(3, journal)).losses[2]).toEqual({ step: 203, loss: 202 });
});

test("a point is of the steps since the one before, with the time that they took", () => {
  const journal = withEpoch(steps(50, withEpoch(steps(150))));
  const epoch = { trainAccuracy: 0.75, testLoss: null, testAccuracy: 0.1 };
  expect(journal.points).toEqual([
    { epoch: 1, step: 150, trainLoss: 75.5, learningRate: 1 / 150, ...epoch },
    { epoch: 2, step: 200, trainLoss: 175.5, learningRate: 1 / 200, ...epoch },
  ]);
  expect(journal.times).toEqual([
    { training: 75, measuring: 2 },
    { training: 25, measuring: 2 },
  ]);
  expect(secondsOf(steps(4, journal))).toBe(106);
});

describe("the mean loss", () => {
  test.each([
    [{ steps: 4, loss: 6, correct: 0 }, 1.5],
    [{ steps: 4, loss: Number.POSITIVE_INFINITY, correct: 0 }, null],
    [{ steps: 0, loss: 0, correct: 0 }, null],
  ])("of %j is %j", (sums, mean) => {
    expect(meanLoss(sums)).toBe(mean);
  });
});
