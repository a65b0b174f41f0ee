import { decodeProbabilities } from "../../networks/inception/probabilities.ts";
import { kind } from "../../networks/inception/run.ts";
import {
  atEnd,
  availableImages,
  COLOUR,
  epochSteps,
  FAST,
  inceptionSpec,
  lastAccuracy,
  PAPER_TRAINING,
} from "../../networks/inception/settings.ts";
import type { ImageSpec } from "../../networks/inception/spec.ts";
import { type Request, record } from "../../results/recorded.ts";
import type { Laboratory } from "../../runs/laboratory.ts";
import type { Job } from "../../runs/spec.ts";
import type { EnsembleResults, EnsembleSize } from "./results.ts";
import { votes } from "./votes.ts";

/** As in the paper: larger initial weights, and Dropout of 5% or 10%. */
const MEMBERS = { gain: 1.5, dropouts: [0.05, 0.1, 0.05, 0.1, 0.05, 0.1] };

/** One at which the network with batch norm learns well; it was not searched. */
const LEARNING_RATE = 0.1;

/** Trains six networks that differ in their seeds and their Dropout, and averages what they predict. */
export async function run(laboratory: Laboratory, size: EnsembleSize, request: Request): Promise<EnsembleResults> {
  const { data } = laboratory;
  const { gain, dropouts } = MEMBERS;
  const trainImages = availableImages(data, size.images);
  const stepsPerEpoch = epochSteps(trainImages);
  const steps = request.steps ?? size.epochs * stepsPerEpoch;
  const measuredImages = Math.min(size.measuredImages, data.test.length);
  const jobs: Job<ImageSpec>[] = dropouts.map((dropout, index) => ({
    label: `network ${index + 1}, Dropout ${100 * dropout}%`,
    spec: inceptionSpec(data, {
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
  const results = await laboratory.run(kind, jobs);
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
