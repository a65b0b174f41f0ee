import { type Recorded, type Request, record } from "../results/recorded.ts";
import type { Laboratory } from "../runs/laboratory.ts";
import type { Job, TrainingSpec } from "../runs/spec.ts";
import { finalAccuracy, networkLabel, PAPER, type Setting, trainingSpec } from "./network.ts";

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

// σ 0.1 is a small Gaussian as in the paper. σ 0.4 = 4/√100 suits sigmoids, whose slope is at most 1/4: with it
// signals keep their size through layers of 100 units, so that the network without batch norm has its chance.
export const DEPTH_SIZES: Record<"full" | "quick", DepthSize> = {
  full: {
    depths: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
    width: 100,
    learningRates: [0.3, 1, 3],
    sigmas: [0.1, 0.4],
    steps: 5_000,
  },
  quick: { depths: [1, 4, 8], width: 100, learningRates: [0.3, 3], sigmas: [0.1, 0.4], steps: 300 },
};

/** Below this test accuracy, at its best learning rate, a network counts as not having trained. */
export const STOPPED = 0.5;

/** Trains networks of every depth at every setting, on the training images without the held-out ones. */
export async function depth(laboratory: Laboratory, size: DepthSize, request: Request): Promise<DepthResults> {
  const jobs: Job<TrainingSpec>[] = size.depths.flatMap((layers) =>
    [false, true].flatMap((batchNorm) =>
      size.learningRates.flatMap((learningRate) =>
        size.sigmas.map((sigma) => {
          const setting = { learningRate, sigma };
          const spec = trainingSpec(laboratory.data, {
            ...setting,
            batchNorm,
            hidden: Array.from({ length: layers }, () => size.width),
            steps: size.steps,
            seed: request.seed,
            trainOn: "all-but-held-out",
            measureOn: ["held-out", "test"],
          });
          return {
            label: `${layers} hidden, ${networkLabel(batchNorm, setting)}`,
            spec,
          };
        }),
      ),
    ),
  );
  const results = await laboratory.run(jobs);
  const trials = results.map((result, index) => {
    const { hidden, batchNorm, learningRate, sigma } = jobs[index].spec;
    return {
      depth: hidden.length,
      batchNorm,
      learningRate,
      sigma,
      heldOutAccuracy: finalAccuracy(result, "held-out"),
      testAccuracy: finalAccuracy(result, "test"),
      divergedAt: result.divergedAt,
    };
  });
  return {
    ...record("depth", laboratory.data, request),
    ...size,
    batchSize: PAPER.batchSize,
    trials,
  };
}

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
