import { type Recorded, type Request, record } from "../results/recorded.ts";
import { heldOutImages } from "../runs/images.ts";
import type { ImagePoint, ImageResult, ImageSpec, Measurement } from "../runs/imagespec.ts";
import type { Laboratory } from "../runs/laboratory.ts";
import type { Job } from "../runs/spec.ts";
import { availableImages, COLOUR, epochSteps, imageSpec } from "./images.ts";
import { INCEPTIONS, type InceptionModel } from "./inceptions.ts";
import { type RateSearch, searchRate } from "./ratesearch.ts";

/** One network's training, as it is recorded. */
export interface InceptionRun extends Pick<InceptionModel, "name" | "batchNorm" | "activation" | "dropout"> {
  readonly learningRate: number;
  readonly decay: number;
  readonly weightDecay: number;
  readonly parameters: number;
  readonly points: readonly ImagePoint[];
  readonly divergedAt: number | null;
  readonly seconds: number;
}

/** The paper's §4.2.1 and 4.2.2, and its Figures 2 and 3, on small images. */
export interface InceptionResults extends Recorded<"inception"> {
  readonly steps: number;
  readonly stepsPerEpoch: number;
  readonly batchSize: number;
  /** images that were trained on, and images that were held out */
  readonly learnedImages: number;
  readonly heldOutImages: number;
  /** test images of measurements before the end of the first epoch, and of the others */
  readonly earlyImages: number;
  readonly measuredImages: number;
  readonly search: RateSearch;
  readonly runs: readonly InceptionRun[];
}

export interface InceptionSize {
  /** at most so many of the training images */
  readonly images: number;
  readonly epochs: number;
  /** at most so many test images, or held-out ones: before the end of the first epoch, and from then on */
  readonly earlyImages: number;
  readonly measuredImages: number;
  /** of Inception without batch norm, tried for so many epochs each */
  readonly learningRates: readonly number[];
  readonly searchEpochs: number;
}

// Each of the first three rates has its fivefold in the list: what the network makes of it is a result of its own.
const LEARNING_RATES = [0.01, 0.02, 0.05, 0.1, 0.25];

export const INCEPTION_SIZES: Record<"full" | "quick", InceptionSize> = {
  full: {
    images: 45_000,
    epochs: 8,
    earlyImages: 2_000,
    measuredImages: 10_000,
    learningRates: LEARNING_RATES,
    searchEpochs: 2,
  },
  quick: {
    images: 6_400,
    epochs: 2,
    earlyImages: 500,
    measuredImages: 1_000,
    learningRates: [0.02, 0.1],
    searchEpochs: 1,
  },
};

/** Finds Inception's learning rate, then trains all six networks for the same number of steps. */
export async function inceptionRace(
  laboratory: Laboratory,
  size: InceptionSize,
  request: Request,
): Promise<InceptionResults> {
  const { data } = laboratory;
  const { seed } = request;
  const trainImages = availableImages(data, size.images);
  const stepsPerEpoch = epochSteps(trainImages);
  const steps = request.steps ?? size.epochs * stepsPerEpoch;
  const search = await searchRate(laboratory, {
    learningRates: size.learningRates,
    steps: Math.min(steps, size.searchEpochs * stepsPerEpoch),
    trainImages,
    measuredImages: size.measuredImages,
    seed,
  });
  const measureAt = curveMeasurements(steps, stepsPerEpoch, size);
  const jobs: Job<ImageSpec>[] = INCEPTIONS.map(({ name, batchNorm, activation, dropout, rateFactor, pace }) => {
    const learningRate = Number((rateFactor * search.chosen).toPrecision(6));
    const network = { batchNorm, activation, dropout };
    return {
      label: `${name}, lr ${learningRate}`,
      spec: imageSpec(data, { ...network, ...pace, learningRate, trainImages, steps, measureAt, seed }),
    };
  });
  const results = await laboratory.run(jobs);
  return {
    ...record("inception", data, request, COLOUR),
    steps,
    stepsPerEpoch,
    batchSize: jobs[0].spec.batchSize,
    learnedImages: trainImages,
    heldOutImages: heldOutImages(data.train.length),
    earlyImages: Math.min(size.earlyImages, data.test.length),
    measuredImages: Math.min(size.measuredImages, data.test.length),
    search,
    runs: INCEPTIONS.map((model, index) => recordedRun(model, jobs[index].spec, results[index])),
  };
}

function recordedRun({ name }: InceptionModel, spec: ImageSpec, result: ImageResult): InceptionRun {
  const { batchNorm, activation, dropout, learningRate, decay, weightDecay } = spec;
  const { parameters, points, divergedAt, seconds } = result;
  const settings = { batchNorm, activation, dropout, learningRate, decay, weightDecay };
  return { name, ...settings, parameters, points, divergedAt, seconds };
}

/**
 * Eight times in the first epoch, when most happens, on some of the test images; then every half epoch, and at the end,
 * on all. Measuring an image takes about a third of the time of learning from it: all this is about a seventh of a run.
 */
export function curveMeasurements(
  steps: number,
  stepsPerEpoch: number,
  { earlyImages, measuredImages }: Pick<InceptionSize, "earlyImages" | "measuredImages">,
): Measurement[] {
  const measurements = new Map<number, number>();
  for (let eighth = 1; eighth < 8; eighth++) measurements.set(Math.round((eighth * stepsPerEpoch) / 8), earlyImages);
  for (let half = 2; half * stepsPerEpoch <= 2 * steps; half++) {
    measurements.set(Math.round((half * stepsPerEpoch) / 2), measuredImages);
  }
  measurements.set(steps, measuredImages);
  return [...measurements]
    .filter(([step]) => step > 0 && step <= steps)
    .sort(([a], [b]) => a - b)
    .map(([step, images]) => ({ step, images }));
}
