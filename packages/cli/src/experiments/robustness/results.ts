import type { Setting } from "../../networks/sigmoids/settings.ts";
import type { Recorded } from "../../results/recorded.ts";
import { percent } from "../../words.ts";

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

/** The test accuracy above which a network counts as trained. */
export const TRAINED = 0.9;

/** The share of the grid, 0 to 1, where a network came above the accuracy that counts as trained. */
export function trainedShare(results: Pick<RobustnessResults, "cells">, batchNorm: boolean): number {
  const own = results.cells.filter((cell) => cell.batchNorm === batchNorm);
  return own.filter((cell) => cell.accuracy > TRAINED).length / own.length;
}

/** How many settings train, in words. */
export function counts(results: RobustnessResults, batchNorm: boolean): string {
  const own = results.cells.filter((cell) => cell.batchNorm === batchNorm);
  const trained = own.filter((cell) => cell.accuracy > TRAINED).length;
  return `${trained} of ${own.length} settings train (${percent(trainedShare(results, batchNorm), 0)})`;
}
