import { type Recorded, type Request, record } from "../results/recorded.ts";
import type { Laboratory } from "../runs/laboratory.ts";
import type { Job, TrainingSpec } from "../runs/spec.ts";
import { type Choice, recordedChoice } from "./choice.ts";
import type { Comparison } from "./comparison.ts";
import { type Curve, curve, networkLabel, PAPER, type Setting, trainingSpec } from "./network.ts";
import { bestSetting, type SearchSize, search } from "./search.ts";

/** The paper's §4.1 and its Figure 1. */
export interface Figure1Results extends Recorded<"figure1"> {
  readonly steps: number;
  readonly batchSize: number;
  readonly hidden: readonly number[];
  /** index, from 0, of the sigmoid of the last hidden layer whose input is shown */
  readonly watchedUnit: number;
  readonly choice: Choice;
  /** both networks at one learning rate and σ, as in the paper */
  readonly same: Comparison;
  /** each network at its own best learning rate and σ */
  readonly best: Comparison;
}

export interface Figure1Size {
  readonly steps: number;
  /** the grid to search; null to use the recorded choice */
  readonly search: SearchSize | null;
}

/** The sigmoid that is watched: any one would do, and the one in the middle was named before looking at it. */
const WATCHED_UNIT = 50;

export const FIGURE1_STEPS = { full: PAPER.steps, quick: 3_000 };

/** The search that chose the recorded settings; `--search` repeats it. */
export const FIGURE1_SEARCH: SearchSize = {
  learningRates: [0.1, 0.3, 1, 3, 10],
  sigmas: [0.03, 0.1, 0.3],
  steps: 10_000,
  finalists: 4,
  finalSteps: PAPER.steps,
};

/** Trains the four networks of Figure 1, after the search if one is asked for. */
export async function figure1(laboratory: Laboratory, size: Figure1Size, request: Request): Promise<Figure1Results> {
  const recorded = recordedChoice();
  const choice = size.search ? await newChoice(laboratory, size.search, recorded, request.seed) : recorded;
  const settings: [boolean, Setting][] = [
    [true, choice.same],
    [false, choice.same],
    [true, choice.best.withBatchNorm],
    [false, choice.best.withoutBatchNorm],
  ];
  const jobs: Job<TrainingSpec>[] = settings.map(([batchNorm, setting]) => ({
    label: networkLabel(batchNorm, setting),
    spec: trainingSpec(laboratory.data, {
      ...setting,
      batchNorm,
      steps: size.steps,
      seed: request.seed,
      measureAt: measuringSteps(size.steps),
      watchedUnit: WATCHED_UNIT,
    }),
  }));
  const results = await laboratory.run(jobs);
  const curves = results.map((result, index) => curve(jobs[index].spec, result));
  const [sameWith, sameWithout, bestWith, bestWithout] = curves as [Curve, Curve, Curve, Curve];
  return {
    ...record("figure1", laboratory.data, request),
    steps: size.steps,
    batchSize: PAPER.batchSize,
    hidden: PAPER.hidden,
    watchedUnit: WATCHED_UNIT,
    choice,
    same: { withBatchNorm: sameWith, withoutBatchNorm: sameWithout },
    best: { withBatchNorm: bestWith, withoutBatchNorm: bestWithout },
  };
}

/** Every 50 steps at first, when most happens, then every 100, then every 500; always the last. */
export function measuringSteps(steps: number): number[] {
  const points: number[] = [];
  for (let step = 50; step < steps; step += step < 500 ? 50 : step < 5_000 ? 100 : 500) points.push(step);
  return [...points, steps];
}

async function newChoice(laboratory: Laboratory, size: SearchSize, recorded: Choice, seed: number): Promise<Choice> {
  const found = await search(laboratory, size, seed);
  return {
    same: recorded.same,
    best: {
      withBatchNorm: bestSetting(found.finals, true),
      withoutBatchNorm: bestSetting(found.finals, false),
    },
    search: { ...found, seed, data: laboratory.data.name },
  };
}
