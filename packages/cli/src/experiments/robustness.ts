import { type Recorded, type Request, record } from "../results/recorded.ts";
import type { Laboratory } from "../runs/laboratory.ts";
import type { Job, TrainingSpec } from "../runs/spec.ts";
import { finalAccuracy, networkLabel, PAPER, type Setting, trainingSpec } from "./network.ts";

/** One training of the grid. */
export interface Cell extends Setting {
  readonly batchNorm: boolean;
  /** test accuracy at the end, 0 to 1 */
  readonly accuracy: number;
  readonly divergedAt: number | null;
}

/** How much care learning rate and initial weights need, with and without batch normalization. */
export interface RobustnessResults extends Recorded<"robustness"> {
  readonly steps: number;
  readonly batchSize: number;
  readonly hidden: readonly number[];
  readonly learningRates: readonly number[];
  readonly sigmas: readonly number[];
  readonly cells: readonly Cell[];
}

export interface RobustnessSize {
  readonly learningRates: readonly number[];
  readonly sigmas: readonly number[];
  readonly steps: number;
}

export const ROBUSTNESS_SIZES: Record<"full" | "quick", RobustnessSize> = {
  full: {
    learningRates: [0.01, 0.03, 0.1, 0.3, 1, 3, 10],
    sigmas: [0.003, 0.01, 0.03, 0.1, 0.3, 1],
    steps: 3_000,
  },
  quick: {
    learningRates: [0.01, 0.1, 1, 10],
    sigmas: [0.003, 0.03, 0.3],
    steps: 500,
  },
};

/** The test accuracy above which a network counts as trained. */
export const TRAINED = 0.9;

/** Trains both networks at every learning rate with every σ, for a short time. */
export async function robustness(
  laboratory: Laboratory,
  size: RobustnessSize,
  request: Request,
): Promise<RobustnessResults> {
  const jobs: Job<TrainingSpec>[] = [false, true].flatMap((batchNorm) =>
    size.sigmas.flatMap((sigma) =>
      size.learningRates.map((learningRate) => {
        const setting = { learningRate, sigma };
        const spec = {
          ...setting,
          batchNorm,
          steps: size.steps,
          seed: request.seed,
        };
        return {
          label: networkLabel(batchNorm, setting),
          spec: trainingSpec(laboratory.data, spec),
        };
      }),
    ),
  );
  const results = await laboratory.run(jobs);
  const cells = results.map((result, index) => {
    const { batchNorm, learningRate, sigma } = jobs[index].spec;
    const accuracy = finalAccuracy(result, "test");
    return {
      batchNorm,
      learningRate,
      sigma,
      accuracy,
      divergedAt: result.divergedAt,
    };
  });
  return {
    ...record("robustness", laboratory.data, request),
    steps: size.steps,
    batchSize: PAPER.batchSize,
    hidden: PAPER.hidden,
    learningRates: size.learningRates,
    sigmas: size.sigmas,
    cells,
  };
}

/** The share of the grid, 0 to 1, where a network came above the accuracy that counts as trained. */
export function trainedShare(results: Pick<RobustnessResults, "cells">, batchNorm: boolean): number {
  const own = results.cells.filter((cell) => cell.batchNorm === batchNorm);
  return own.filter((cell) => cell.accuracy > TRAINED).length / own.length;
}
