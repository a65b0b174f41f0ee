import type { Dataset, Trainer } from "batchnorm";
import type { Team } from "../team/team.ts";
import { afterPoint, afterReport, type Journal, type Measured } from "./journal.ts";

/** A training, and what is to be done on its way. */
export interface Course<Point extends Measured> {
  readonly trainer: Trainer;
  readonly data: Dataset;
  /** in all, with those of earlier calls */
  readonly steps: number;
  readonly batchSize: number;
  /** Steps from one report of the trainer to the next; 1 unless said. With 1, sums are whole wherever it is stopped. */
  readonly every?: number;
  /** who carries it out */
  readonly team: Team;
  readonly signal?: AbortSignal | undefined;
  /** told of every report */
  stepped(step: number): void;
  measuresAt(step: number): boolean;
  /** What there is to see at the journal's step; null when the signal was aborted before all was seen. */
  measure(journal: Journal<Point>): Promise<Point | null>;
  /** told of every point, as the last one of the journal */
  measured?(journal: Journal<Point>): void;
  /** Keeps what is needed to go on: after every pass over the data, and when the signal was aborted. */
  save?(journal: Journal<Point>): Promise<void>;
}

/** How a training ended. */
export interface Outcome<Point extends Measured> {
  readonly journal: Journal<Point>;
  readonly end: "finished" | "interrupted" | "diverged";
  /** the step whose loss was not finite, which is not in the journal; null when there was none */
  readonly divergedAt: number | null;
}

/**
 * Trains from where a journal and its trainer are to the last step, and measures on the way.
 *
 * It ends where the loss is not finite, with nothing kept of that step, and where the signal is aborted, with all kept. A
 * training that was stopped and goes on from what was kept gives the same bits as one that was not.
 */
export async function carryOut<Point extends Measured>(
  course: Course<Point>,
  from: Journal<Point>,
): Promise<Outcome<Point>> {
  const { trainer, data, steps, batchSize, every = 1, team, signal } = course;
  const lap = stopwatch();
  let journal = from;
  let { epoch } = trainer;

  const measured = async (): Promise<boolean> => {
    if (!isDue(course, journal)) return true;
    const point = await course.measure(journal);
    if (!point) return false;
    journal = afterPoint(journal, point, lap());
    course.measured?.(journal);
    return true;
  };
  const save = async () => {
    await course.save?.(journal);
    lap();
  };
  const interrupted = async (): Promise<Outcome<Point>> => {
    await save();
    return { journal, end: "interrupted", divergedAt: null };
  };

  // What an earlier call was stopped in.
  if (isDue(course, journal)) {
    if (!(await measured())) return interrupted();
    await save();
  }
  for await (const report of trainer.iterate(data, { untilStep: steps, batchSize, every, ...(signal && { signal }) })) {
    const { step, loss, accuracy, learningRate } = report;
    if (!Number.isFinite(loss)) return { journal, end: "diverged", divergedAt: step };
    journal = afterReport(journal, { step, loss, correct: Math.round(accuracy * batchSize), learningRate }, lap());
    course.stepped(step);
    if (!(await measured())) return interrupted();
    if (report.epoch > epoch) {
      epoch = report.epoch;
      await save();
    }
  }
  if (trainer.stepCount < steps && team.any(signal?.aborted ?? false)) return interrupted();
  return { journal, end: "finished", divergedAt: null };
}

/** Whether there is something to measure at the journal's step that is not in it. */
function isDue<Point extends Measured>(course: Course<Point>, { step, points }: Journal<Point>): boolean {
  return step > (points.at(-1)?.step ?? 0) && course.measuresAt(step);
}

/** Seconds since it was last asked. */
function stopwatch(): () => number {
  let at = performance.now();
  return () => {
    const now = performance.now();
    const seconds = (now - at) / 1000;
    at = now;
    return seconds;
  };
}
