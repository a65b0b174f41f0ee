import type { Setting } from "../../networks/sigmoids/settings.ts";
import type { Recorded } from "../../results/recorded.ts";

/** One training of a network of some depth. */
export interface DepthTrial extends Setting {
  readonly depth: number;
  readonly batchNorm: boolean;
  /** at the end of the run, 0 to 1, on held-out training images and on the test images */
  readonly heldOutAccuracy: number;
  readonly testAccuracy: number;
  readonly divergedAt: number | null;
}

/** How deep networks of sigmoids can be, with and without batch normalization. */
export interface DepthResults extends Recorded<"depth">, DepthSize {
  readonly batchSize: number;
  readonly trials: readonly DepthTrial[];
}

export interface DepthSize {
  /** numbers of hidden layers */
  readonly depths: readonly number[];
  /** units of each hidden layer */
  readonly width: number;
  readonly learningRates: readonly number[];
  readonly sigmas: readonly number[];
  readonly steps: number;
}

/** Below this test accuracy, at its best learning rate, a network counts as not having trained. */
export const STOPPED = 0.5;

/** A line of the figure: the networks of every depth that share this. */
export interface Family {
  readonly batchNorm: boolean;
  readonly sigma: number;
}

type Trials = Pick<DepthResults, "depths" | "trials">;

/** For each depth the learning rate that was best on the held-out images: the test images do not choose. */
export function bestByDepth({ depths, trials }: Trials, { batchNorm, sigma }: Family): DepthTrial[] {
  return depths.map((layers) =>
    trials
      .filter((trial) => trial.depth === layers && trial.batchNorm === batchNorm && trial.sigma === sigma)
      .reduce((best, trial) => (trial.heldOutAccuracy > best.heldOutAccuracy ? trial : best)),
  );
}

/** The smallest depth from which on no network trains; null when the deepest one still does. */
export function stopsAt(results: Trials, family: Family): number | null {
  const lastTrained = bestByDepth(results, family).findLastIndex((trial) => trial.testAccuracy >= STOPPED);
  return results.depths[lastTrained + 1] ?? null;
}

/** The same in words: what "the network …" does. */
export function stopText(results: DepthResults, family: Family): string {
  const stop = stopsAt(results, family);
  return stop === null
    ? `trains up to ${results.depths.at(-1)} hidden layers`
    : `stops training at ${stop} hidden layers`;
}
