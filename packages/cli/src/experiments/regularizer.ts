import { type Recorded, type Request, record } from "../results/recorded.ts";
import type { ImageSpec } from "../runs/imagespec.ts";
import type { Laboratory } from "../runs/laboratory.ts";
import type { Job } from "../runs/spec.ts";
import {
  atEnd,
  availableImages,
  COLOUR,
  DROPOUT,
  imageSpec,
  lastAccuracy,
  ORDINARY,
  PAPER_TRAINING,
} from "./images.ts";

/** One training on some of the images. */
export interface RegularizerRun {
  /** that were trained on */
  readonly images: number;
  readonly batchNorm: boolean;
  readonly dropout: number;
  readonly learningRate: number;
  /** at the end, 0 to 1 */
  readonly trainingAccuracy: number;
  readonly testAccuracy: number;
  readonly divergedAt: number | null;
  readonly seconds: number;
}

/** The paper's §3.4: whether batch norm regularizes, and does away with Dropout. */
export interface RegularizerResults extends Recorded<"regularizer"> {
  readonly steps: number;
  readonly batchSize: number;
  /** test images that were measured on */
  readonly measuredImages: number;
  readonly decay: number;
  readonly weightDecay: number;
  /** numbers of training images */
  readonly sizes: readonly number[];
  readonly runs: readonly RegularizerRun[];
}

export interface RegularizerSize {
  readonly sizes: readonly number[];
  readonly steps: number;
  /** at most so many test images, and training images */
  readonly measuredImages: number;
}

export const REGULARIZER_SIZES: Record<"full" | "quick", RegularizerSize> = {
  full: { sizes: [2_000, 5_000, 10_000], steps: 3_000, measuredImages: 10_000 },
  quick: { sizes: [2_000], steps: 500, measuredImages: 2_000 },
};

/** One for each kind of network, at which it learns well: batch norm takes five times the rate. */
const LEARNING_RATES = { withBatchNorm: 0.1, withoutBatchNorm: 0.02 };

/** The same for all: only batch norm and Dropout differ. The learning rate ends low, so that the end is not by luck. */
const PACE = { decay: 0.01, weightDecay: ORDINARY.weightDecay };

/** The four networks, in the order in which they are shown. */
export const NETWORKS: readonly Pick<RegularizerRun, "batchNorm" | "dropout">[] = [
  { batchNorm: false, dropout: 0 },
  { batchNorm: false, dropout: DROPOUT },
  { batchNorm: true, dropout: 0 },
  { batchNorm: true, dropout: DROPOUT },
];

/** Trains networks with and without batch norm and Dropout on few images, as they are, for many passes. */
export async function regularizer(
  laboratory: Laboratory,
  size: RegularizerSize,
  request: Request,
): Promise<RegularizerResults> {
  const { data } = laboratory;
  const steps = request.steps ?? size.steps;
  const sizes = [...new Set(size.sizes.map((images) => availableImages(data, images)))];
  const jobs: Job<ImageSpec>[] = sizes.flatMap((trainImages) =>
    NETWORKS.map(({ batchNorm, dropout }) => ({
      label: `${trainImages} images, ${batchNorm ? "with" : "without"} BN, Dropout ${100 * dropout}%`,
      spec: imageSpec(data, {
        ...PACE,
        batchNorm,
        dropout,
        learningRate: LEARNING_RATES[batchNorm ? "withBatchNorm" : "withoutBatchNorm"],
        trainImages,
        augment: false,
        steps,
        measureOn: ["training", "test"],
        measureAt: atEnd(steps, size.measuredImages),
        seed: request.seed,
      }),
    })),
  );
  const results = await laboratory.run(jobs);
  return {
    ...record("regularizer", data, request, COLOUR),
    steps,
    batchSize: PAPER_TRAINING.batchSize,
    measuredImages: Math.min(size.measuredImages, data.test.length),
    ...PACE,
    sizes,
    runs: results.map((result, index) => {
      const { trainImages, batchNorm, dropout, learningRate } = jobs[index].spec;
      return {
        images: trainImages,
        batchNorm,
        dropout,
        learningRate,
        trainingAccuracy: lastAccuracy(result, "training"),
        testAccuracy: lastAccuracy(result, "test"),
        divergedAt: result.divergedAt,
        seconds: result.seconds,
      };
    }),
  };
}
