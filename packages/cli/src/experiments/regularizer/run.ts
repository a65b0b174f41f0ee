import { kind } from "../../networks/inception/run.ts";
import {
  atEnd,
  availableImages,
  COLOUR,
  DROPOUT,
  inceptionSpec,
  lastAccuracy,
  ORDINARY,
  PAPER_TRAINING,
} from "../../networks/inception/settings.ts";
import type { ImageSpec } from "../../networks/inception/spec.ts";
import { type Request, record } from "../../results/recorded.ts";
import type { Laboratory } from "../../runs/laboratory.ts";
import type { Job } from "../../runs/spec.ts";
import type { RegularizerResults, RegularizerRun, RegularizerSize } from "./results.ts";

/** One for each kind of network, at which it learns well: batch norm takes five times the rate. */
const LEARNING_RATES = { withBatchNorm: 0.1, withoutBatchNorm: 0.02 };

/** The same for all: only batch norm and Dropout differ. The learning rate ends low, so that the end is not by luck. */
const PACE = { decay: 0.01, weightDecay: ORDINARY.weightDecay };

/** The four networks, in the order in which they are shown. */
const NETWORKS: readonly Pick<RegularizerRun, "batchNorm" | "dropout">[] = [
  { batchNorm: false, dropout: 0 },
  { batchNorm: false, dropout: DROPOUT },
  { batchNorm: true, dropout: 0 },
  { batchNorm: true, dropout: DROPOUT },
];

/** Trains networks with and without batch norm and Dropout on few images, as they are, for many passes. */
export async function run(
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
      spec: inceptionSpec(data, {
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
  const results = await laboratory.run(kind, jobs);
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
