import type { Journal, Measured } from "../training/journal.ts";

/** What an epoch showed. Numbers that are not finite are null. */
export interface EpochRow extends Measured {
  readonly epoch: number;
  /** steps taken in all when it ended */
  readonly step: number;
  /** mean over the epoch's steps, each before its change of the weights, on images as training changed them */
  readonly trainLoss: number;
  readonly trainAccuracy: number;
  /** after the epoch's last step */
  readonly testLoss: number | null;
  readonly testAccuracy: number;
  /** of the epoch's last step */
  readonly learningRate: number;
}

/** The row of the epoch that a journal is at the end of. */
export function epochRow(
  { step, points, sums, learningRate }: Journal<EpochRow>,
  batchSize: number,
  test: { readonly loss: number; readonly accuracy: number },
): EpochRow {
  return {
    epoch: points.length + 1,
    step,
    trainLoss: sums.loss / sums.steps,
    trainAccuracy: sums.correct / (sums.steps * batchSize),
    testLoss: Number.isFinite(test.loss) ? test.loss : null,
    testAccuracy: test.accuracy,
    learningRate,
  };
}
