import type { EpochRow } from "../train/epoch.ts";
import type { Extent, TrainingProgress } from "../train/run.ts";
import type { Time } from "../training/journal.ts";
import { duration, fixed, integer, percent, plural } from "../words.ts";
import { epochBar } from "./epochbar.ts";

const seconds = () => performance.now() / 1000;

/** A line for each epoch and, where a person watches, a bar for the one under way. */
export function epochProgress(stream: NodeJS.WriteStream, now: () => number = seconds): TrainingProgress {
  const bar = stream.isTTY ? epochBar(stream, now) : null;
  let extent: Extent = { epochs: 0, stepsPerEpoch: 0, batchSize: 0 };
  return {
    begin(all, step) {
      extent = all;
      const steps = all.epochs * all.stepsPerEpoch;
      const rest = step > 0 ? `, on from step ${integer(step)}` : "";
      stream.write(
        `Training ${plural(all.epochs, "epoch")}, ${integer(steps)} steps of ${all.batchSize} images${rest}.\n`,
      );
      if (step < steps) stream.write(`${HEAD}\n`);
      bar?.begin(all, step);
    },
    stepped: (step) => bar?.stepped(step),
    measuring: () => bar?.measuring(),
    finished(row, time) {
      bar?.clear();
      stream.write(`${epochLine(row, time, extent)}\n`);
    },
    end: () => bar?.clear(),
  };
}

const COLUMNS = [
  ["epoch", 7],
  ["train loss", 12],
  ["accuracy", 10],
  ["test loss", 12],
  ["accuracy", 10],
  ["learning rate", 15],
  ["images/s", 10],
  ["time", 14],
] as const;

const line = (cells: readonly string[]) => cells.map((cell, i) => cell.padStart(COLUMNS[i][1])).join("");

const HEAD = line(COLUMNS.map(([name]) => name));

function epochLine(row: EpochRow, time: Time, { epochs, stepsPerEpoch, batchSize }: Extent): string {
  return line([
    `${row.epoch}/${epochs}`,
    fixed(row.trainLoss, 4),
    percent(row.trainAccuracy),
    row.testLoss === null ? "not finite" : fixed(row.testLoss, 4),
    percent(row.testAccuracy),
    row.learningRate.toPrecision(3),
    integer((stepsPerEpoch * batchSize) / time.training),
    duration(time.training + time.measuring),
  ]);
}
