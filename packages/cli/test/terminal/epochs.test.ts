import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { epochProgress } from "#dist/terminal/epochs.js";

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

function terminal(isTTY: boolean) {
  let written = "";
  const stream = new PassThrough().on("data", (chunk) => {
    written += chunk;
  });
  let now = 0;
  const progress = epochProgress(
    Object.assign(stream, { isTTY, columns: 120 }) as unknown as NodeJS.WriteStream,
    () => now,
  );
  return {
    progress,
    written: () => written,
    wait: (seconds: number) => {
      now += seconds;
    },
  };
}

const extent = { epochs: 3, stepsPerEpoch: 390, batchSize: 128 };

test("a line for each epoch where output goes to a file", () => {
  const { progress, written } = terminal(false);
  progress.begin(extent, 390);
  progress.stepped(391);
  progress.measuring();
  progress.finished(rows[1], times[1]);
  progress.end();
  expect(written().split("\n")).toEqual([
    "Training 3 epochs, 1,170 steps of 128 images, on from step 390.",
    "  epoch  train loss  accuracy   test loss  accuracy  learning rate  images/s          time",
    "    2/3      1.0000    80.00%      0.8000    90.00%         0.0500       500    1 min 50 s",
    "",
  ]);
});

test("a bar for the epoch under way where a person watches, with the time left of the whole run", async () => {
  const { progress, written, wait } = terminal(true);
  progress.begin(extent, 390);
  wait(1);
  progress.stepped(391);
  wait(8);
  progress.stepped(429);
  await new Promise((resolve) => setTimeout(resolve, 300));
  // 39 steps in 9 seconds leave 741; 38 of them, in 8 seconds, gave the rate.
  expect(written()).toMatch(/epoch 2\/3 .* 10% +608 images\/s {2}2 min 51 s left/);
  progress.measuring();
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(written()).toContain("measuring");
  progress.finished(rows[1], times[1]);
  progress.end();
  expect(written().lastIndexOf("\x1b[?25h")).toBeGreaterThan(written().lastIndexOf("\x1b[?25l"));
  expect(written().trimEnd().endsWith("1 min 50 s")).toBe(true);
});
