import { kind } from "../../networks/sigmoids/run.ts";
import { networkLabel, type Setting, sigmoidsSpec } from "../../networks/sigmoids/settings.ts";
import type { SigmoidsResult, SigmoidsSpec } from "../../networks/sigmoids/spec.ts";
import type { Laboratory } from "../../runs/laboratory.ts";
import type { Job } from "../../runs/spec.ts";

/** The settings that are tried, the same for both networks. */
export interface SearchSize {
  readonly learningRates: readonly number[];
  readonly sigmas: readonly number[];
  /** steps of each trial of the first round, which tries every learning rate with every σ */
  readonly steps: number;
  /** how many settings of each network go on to the second round */
  readonly finalists: number;
  /** steps of each trial of the second round: what is best early need not be best in the end */
  readonly finalSteps: number;
}

/** One trial: a network, a setting, and its mean accuracy on held-out training images near the end of the run. */
export interface Trial extends Setting {
  readonly batchNorm: boolean;
  readonly accuracy: number;
}

export interface SearchResults extends SearchSize {
  readonly trials: readonly Trial[];
  readonly finals: readonly Trial[];
}

type Candidate = Setting & { readonly batchNorm: boolean };

/**
 * Trains the network with and without batch normalization at every setting of the grid, then each at its best few
 * settings for longer. They learn from the training images without the held-out ones and are measured on the
 * held-out ones, five times over the last fifth of the run: at high learning rates a single measurement is a matter
 * of luck. The test images play no part.
 */
export async function search(laboratory: Laboratory, size: SearchSize, seed: number): Promise<SearchResults> {
  const networks = [false, true];
  const grid = networks.flatMap((batchNorm) =>
    size.learningRates.flatMap((learningRate) => size.sigmas.map((sigma) => ({ batchNorm, learningRate, sigma }))),
  );
  const trials = await round(laboratory, grid, size.steps, seed);
  const best = networks.flatMap((batchNorm) => ranking(trials, batchNorm).slice(0, size.finalists));
  const finals = await round(laboratory, best, size.finalSteps, seed);
  return { ...size, trials, finals };
}

async function round(
  laboratory: Laboratory,
  candidates: readonly Candidate[],
  steps: number,
  seed: number,
): Promise<Trial[]> {
  const jobs: Job<SigmoidsSpec>[] = candidates.map(({ batchNorm, learningRate, sigma }) => ({
    label: networkLabel(batchNorm, { learningRate, sigma }),
    spec: sigmoidsSpec(laboratory.data, {
      batchNorm,
      learningRate,
      sigma,
      steps,
      seed,
      trainOn: "all-but-held-out",
      measureOn: ["held-out"],
      measureAt: lastFifth(steps),
    }),
  }));
  const results = await laboratory.run(kind, jobs);
  return candidates.map(({ batchNorm, learningRate, sigma }, index) => {
    return { batchNorm, learningRate, sigma, accuracy: meanAccuracy(results[index]) };
  });
}

/** The trials of a network, best first; of equals the one with the lower learning rate, which stands first. */
function ranking(trials: readonly Trial[], batchNorm: boolean): Trial[] {
  return trials.filter((trial) => trial.batchNorm === batchNorm).sort((a, b) => b.accuracy - a.accuracy);
}

/** The setting with the highest accuracy for a network. */
export function bestSetting(trials: readonly Trial[], batchNorm: boolean): Setting {
  const [{ learningRate, sigma }] = ranking(trials, batchNorm);
  return { learningRate, sigma };
}

/** Five steps from 80% of the run to its end; fewer when the run is too short for them to differ. */
export function lastFifth(steps: number): number[] {
  return [...new Set([0.8, 0.85, 0.9, 0.95, 1].map((share) => Math.max(1, Math.round(share * steps))))];
}

function meanAccuracy({ points }: SigmoidsResult): number {
  const accuracies = points.map((point) => point.accuracy["held-out"] ?? 0);
  return accuracies.reduce((sum, accuracy) => sum + accuracy, 0) / accuracies.length;
}
