import { Dataset, type DatasetOptions, decayWeightsOnly, exponentialDecay, SGD, Trainer } from "batchnorm";
import { inception } from "batchnorm/models";
import type { SharedData, SharedImages } from "../datasets/shared.ts";
import { channelStatistics } from "../datasets/statistics.ts";
import { ALONE } from "../team/team.ts";
import { EMPTY_JOURNAL, type Journal, meanLoss, secondsOf } from "../training/journal.ts";
import { carryOut } from "../training/loop.ts";
import { packCheckpoint, resumeFrom } from "./checkpoint.ts";
import type { ImagePart, ImagePoint, ImageResult, ImageSpec, Measurement } from "./imagespec.ts";
import type { RunReporter } from "./messages.ts";
import { encodeProbabilities } from "./probabilities.ts";
import type { Checkpoint } from "./spec.ts";

/** Height, width and colours of an image. */
const SHAPE = [32, 32, 3] as const;
const SCALE = 1 / 255;
/** Training images are moved by at most so many pixels along each axis, and every other one is mirrored. */
const AUGMENT = { crop: 4, flip: true };
/** Images per forward pass while measuring; few, so that it needs little memory. */
const MEASURING = { batchSize: 100 };

/** At most the last 5,000 training images, and never more than a tenth, are kept for choosing settings. */
export function heldOutImages(trainingImages: number): number {
  return Math.min(5_000, Math.floor(trainingImages / 10));
}

/**
 * Trains the network of a spec and measures it on the way, with a checkpoint after every pass over the images. From a
 * checkpoint it goes on to the same numbers, bit for bit; a damaged one is not used, and the run begins anew.
 */
export async function runImages(
  spec: ImageSpec,
  data: SharedData,
  reporter: RunReporter,
  checkpoint?: Checkpoint,
): Promise<ImageResult> {
  const { batchNorm, activation, dropout, gain, seed, learningRate, momentum, weightDecay } = spec;
  const model = inception({ batchNorm, activation, dropout, gain, seed });
  const trainer = new Trainer(model, {
    optimizer: new SGD({ lr: learningRate, momentum, groups: decayWeightsOnly(model, weightDecay) }),
    schedule: exponentialDecay({ every: spec.steps, factor: spec.decay }),
    threads: 1,
    seed,
  });
  try {
    const parts = prepare(spec, data);
    const from = (checkpoint && (await resumeFrom(checkpoint, trainer))) ?? EMPTY_JOURNAL;
    const { points, seconds, divergedAt } = await train(spec, trainer, parts, from, reporter);
    const wanted = spec.probabilities && divergedAt === null;
    return {
      kind: "images",
      points,
      divergedAt,
      parameters: model.parameters().reduce((sum, { size }) => sum + size, 0),
      probabilities: wanted ? await predictions(spec, trainer, parts) : null,
      seconds,
    };
  } finally {
    await trainer.close();
  }
}

type Parts = Readonly<Record<ImagePart, Dataset>>;

function prepare(spec: ImageSpec, { train, test }: SharedData): Parts {
  const size = SHAPE[0] * SHAPE[1] * SHAPE[2];
  const learned = train.images.subarray(0, spec.trainImages * size);
  const options = { shape: SHAPE, scale: SCALE, ...channelStatistics(learned, SHAPE[2], SCALE) };
  const dataset = ({ images, labels }: SharedImages, changes: Pick<DatasetOptions, "augment"> = {}) =>
    new Dataset({ data: images, labels, ...options, ...changes });
  return {
    training: dataset(train, spec.augment ? { augment: AUGMENT } : {}).slice(0, spec.trainImages),
    "held-out": dataset(train).slice(train.length - heldOutImages(train.length)),
    test: dataset(test),
  };
}

async function train(
  spec: ImageSpec,
  trainer: Trainer,
  parts: Parts,
  from: Journal<ImagePoint>,
  reporter: RunReporter,
): Promise<Pick<ImageResult, "points" | "seconds" | "divergedAt">> {
  const { steps, batchSize, measureAt } = spec;
  const measured = async (step: number, loss: number | null, due: Measurement): Promise<ImagePoint> => {
    return { step, loss, accuracy: await accuracies(spec, trainer, parts, due) };
  };
  reporter.advanced(trainer.stepCount);
  const { journal, divergedAt } = await carryOut<ImagePoint>(
    {
      trainer,
      data: parts.training,
      steps,
      batchSize,
      team: ALONE,
      stepped: reporter.advanced,
      measuresAt: (at) => measureAt.some(({ step }) => step === at),
      measure: ({ step, sums }) => measured(step, meanLoss(sums), dueAt(spec, step)),
      save: async (journal) => reporter.saved(await packCheckpoint(trainer, spec, journal)),
    },
    from,
  );
  const { points } = journal;
  const seconds = secondsOf(journal);
  if (divergedAt === null) return { points, seconds, divergedAt };
  reporter.advanced(divergedAt);
  return { points: [...points, await measured(divergedAt, null, dueAt(spec, spec.steps))], seconds, divergedAt };
}

/** The measurement at a step that has one. */
function dueAt({ measureAt }: ImageSpec, at: number): Measurement {
  return measureAt.find(({ step }) => step === at) as Measurement;
}

async function accuracies(
  spec: ImageSpec,
  trainer: Trainer,
  parts: Parts,
  { images }: Measurement,
): Promise<ImagePoint["accuracy"]> {
  const accuracy: { [part in ImagePart]?: number } = {};
  for (const part of spec.measureOn) {
    accuracy[part] = (await trainer.evaluate(first(parts[part], images), MEASURING)).accuracy;
  }
  return accuracy;
}

/** Of the test images that the last measurement takes. */
async function predictions({ measureAt }: ImageSpec, trainer: Trainer, { test }: Parts): Promise<string> {
  const images = measureAt.at(-1)?.images ?? 0;
  return encodeProbabilities(await trainer.predict(first(test, images), MEASURING));
}

function first(data: Dataset, images: number): Dataset {
  return data.slice(0, Math.min(images, data.length));
}
