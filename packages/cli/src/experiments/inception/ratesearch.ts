import { kind } from "../../networks/inception/run.ts";
import { atEnd, DROPOUT, inceptionSpec, lastAccuracy } from "../../networks/inception/settings.ts";
import type { ImageSpec } from "../../networks/inception/spec.ts";
import type { Laboratory } from "../../runs/laboratory.ts";
import type { Job } from "../../runs/spec.ts";

/** A learning rate that was tried. */
export interface RateTrial {
  readonly learningRate: number;
  /** on the held-out images, at the end of the trial */
  readonly accuracy: number;
  readonly divergedAt: number | null;
}

/** How Inception's learning rate was found. */
export interface RateSearch {
  readonly steps: number;
  readonly trials: readonly RateTrial[];
  readonly chosen: number;
}

export interface RateSearchSize extends Pick<ImageSpec, "trainImages" | "steps" | "seed"> {
  readonly learningRates: readonly number[];
  /** at most so many held-out images */
  readonly measuredImages: number;
}

/** Trains Inception without batch norm for a short time at every learning rate; the test images play no part. */
export async function searchRate(laboratory: Laboratory, size: RateSearchSize): Promise<RateSearch> {
  const { learningRates, measuredImages, ...common } = size;
  const jobs: Job<ImageSpec>[] = learningRates.map((learningRate) => ({
    label: `search, lr ${learningRate}`,
    spec: inceptionSpec(laboratory.data, {
      ...common,
      batchNorm: false,
      dropout: DROPOUT,
      learningRate,
      measureOn: ["held-out"],
      measureAt: atEnd(size.steps, measuredImages),
    }),
  }));
  const results = await laboratory.run(kind, jobs);
  const trials = results.map((result, index) => ({
    learningRate: learningRates[index],
    accuracy: lastAccuracy(result, "held-out"),
    divergedAt: result.divergedAt,
  }));
  return { steps: size.steps, trials, chosen: bestRate(trials) };
}

/** The rate with the highest accuracy, the lower of equals; one that diverged only when all did. */
export function bestRate(trials: readonly RateTrial[]): number {
  const finished = trials.filter(({ divergedAt }) => divergedAt === null);
  const candidates = finished.length > 0 ? finished : trials;
  return candidates.reduce((best, trial) => (trial.accuracy > best.accuracy ? trial : best)).learningRate;
}
