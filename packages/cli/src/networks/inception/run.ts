import { Dataset, type DatasetOptions, decayWeightsOnly, exponentialDecay, SGD, Trainer } from "batchnorm";
import { inception } from "batchnorm/models";
import type { SharedData, SharedImages } from "../../datasets/shared.ts";
import { channelStatistics } from "../../datasets/statistics.ts";
import { carryOutKept } from "../../runs/kept.ts";
import type { RunContext, RunKind } from "../../runs/kind.ts";
import { meanLoss, secondsOf } from "../../training/journal.ts";
import { encodeProbabilities } from "./probabilities.ts";
import { heldOutImages } from "./settings.ts";
import type { ImagePart, ImagePoint, ImageResult, ImageSpec, Measurement } from "./spec.ts";

/** Height, width and colours of an image. */
const SHAPE = [32, 32, 3] as const;
const SCALE = 1 / 255;
/** Training images are moved by at most so many pixels along each axis, and every other one is mirrored. */
const AUGMENT = { crop: 4, flip: true };
/** Images per forward pass while measuring; few, so that it needs little memory. */
const MEASURING = { batchSize: 100 };

/** Trains the network of a spec and measures it on the way, with a checkpoint after every pass over the images. */
export const kind: RunKind<ImageSpec, ImageResult> = {
  module: import.meta.url,
  async carryOut(spec, data, context) {
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
      const trained = await train(spec, trainer, parts, context);
      const wanted = spec.probabilities && trained.divergedAt === null;
      const { points, divergedAt, seconds } = trained;
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
  },
};

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
  context: RunContext,
): Promise<Pick<ImageResult, "points" | "divergedAt" | "seconds">> {
  const { batchSize, measureAt } = spec;
  const measured = async (step: number, loss: number | null, due: Measurement): Promise<ImagePoint> => {
    return { step, loss, accuracy: await accuracies(spec, trainer, parts, due) };
  };
  const due = (at: number) => measureAt.find(({ step }) => step === at);
  const last = measureAt[measureAt.length - 1];
  const { journal, divergedAt } = await carryOutKept<ImagePoint>(
    spec,
    {
      trainer,
      data: parts.training,
      batchSize,
      measuresAt: (step) => due(step) !== undefined,
      measure: ({ step, sums }) => measured(step, meanLoss(sums), due(step) ?? last),
    },
    context,
  );
  const { points } = journal;
  const seconds = secondsOf(journal);
  if (divergedAt === null) return { points, divergedAt, seconds };
  context.advanced(divergedAt);
  return { points: [...points, await measured(divergedAt, null, last)], divergedAt, seconds };
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
