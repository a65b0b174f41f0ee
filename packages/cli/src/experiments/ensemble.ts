import { type Recorded, type Request, record } from "../results/recorded.ts";
import type { ImageSpec } from "../runs/imagespec.ts";
import type { Laboratory } from "../runs/laboratory.ts";
import { decodeProbabilities } from "../runs/probabilities.ts";
import type { Job } from "../runs/spec.ts";
import { atEnd, availableImages, COLOUR, epochSteps, FAST, imageSpec, lastAccuracy, PAPER_TRAINING } from "./images.ts";
import { type Vote, votes } from "./votes.ts";

/** One of the networks whose predictions are averaged. */
export interface Member {
  readonly seed: number;
  readonly dropout: number;
  /** on the test images, 0 to 1 */
  readonly accuracy: number;
  readonly divergedAt: number | null;
  readonly seconds: number;
}

/** The paper's §4.2.3, on small images. */
export interface EnsembleResults extends Recorded<"ensemble"> {
  readonly steps: number;
  readonly stepsPerEpoch: number;
  readonly batchSize: number;
  /** images that were trained on */
  readonly learnedImages: number;
  /** test images that were measured on */
  readonly measuredImages: number;
  readonly learningRate: number;
  readonly decay: number;
  readonly weightDecay: number;
  /** initial weights are so many times as large as usual */
  readonly gain: number;
  /** of each network */
  readonly parameters: number;
  readonly members: readonly Member[];
  /** by the number of networks, from one to all that did not diverge */
  readonly votes: readonly Vote[];
}

export interface EnsembleSize {
  /** at most so many of the training images */
  readonly images: number;
  readonly epochs: number;
  /** at most so many test images */
  readonly measuredImages: number;
}

export const ENSEMBLE_SIZES: Record<"full" | "quick", EnsembleSize> = {
  full: { images: 45_000, epochs: 8, measuredImages: 10_000 },
  quick: { images: 6_400, epochs: 3, measuredImages: 2_000 },
};

/** As in the paper: larger initial weights, and Dropout of 5% or 10%. */
const MEMBERS = { gain: 1.5, dropouts: [0.05, 0.1, 0.05, 0.1, 0.05, 0.1] };

/** One at which the network with batch norm learns well; it was not searched. */
const LEARNING_RATE = 0.1;

/** Trains six networks that differ in their seeds and their Dropout, and averages what they predict. */
export async function ensemble(laboratory: Laboratory, size: EnsembleSize, request: Request): Promise<EnsembleResults> {
  const { data } = laboratory;
  const { gain, dropouts } = MEMBERS;
  const trainImages = availableImages(data, size.images);
  const stepsPerEpoch = epochSteps(trainImages);
  const steps = request.steps ?? size.epochs * stepsPerEpoch;
  const measuredImages = Math.min(size.measuredImages, data.test.length);
  const jobs: Job<ImageSpec>[] = dropouts.map((dropout, index) => ({
    label: `network ${index + 1}, Dropout ${100 * dropout}%`,
    spec: imageSpec(data, {
      ...FAST,
      batchNorm: true,
      dropout,
      gain,
      learningRate: LEARNING_RATE,
      trainImages,
      steps,
      measureAt: atEnd(steps, measuredImages),
      probabilities: true,
      seed: (request.seed + index) % 2 ** 32,
    }),
  }));
  const results = await laboratory.run(jobs);
  const predictions = results.flatMap(({ probabilities }) =>
    probabilities ? [decodeProbabilities(probabilities)] : [],
  );
  return {
    ...record("ensemble", data, request, COLOUR),
    steps,
    stepsPerEpoch,
    batchSize: PAPER_TRAINING.batchSize,
    learnedImages: trainImages,
    measuredImages,
    learningRate: LEARNING_RATE,
    ...FAST,
    gain,
    parameters: results[0].parameters,
    members: results.map((result, index) => ({
      seed: jobs[index].spec.seed,
      dropout: jobs[index].spec.dropout,
      accuracy: lastAccuracy(result, "test"),
      divergedAt: result.divergedAt,
      seconds: result.seconds,
    })),
    votes: votes(predictions, data.test.labels.subarray(0, measuredImages)),
  };
}
