import type { SharedData } from "../datasets/shared.ts";
import { InputError } from "../errors.ts";
import { integer } from "../words.ts";
import type { Model } from "./models.ts";
import type { Source } from "./sources.ts";

/** Everything that decides how a training comes out, to the bit. The number of threads does not. */
export interface Settings {
  readonly model: string;
  readonly dataset: string;
  /** fingerprint of the data set */
  readonly data: string;
  /** the first so many of each part */
  readonly trainImages: number;
  readonly testImages: number;
  readonly batchNorm: boolean;
  readonly epochs: number;
  readonly batchSize: number;
  /** the highest of the schedule */
  readonly learningRate: number;
  readonly momentum: number;
  readonly nesterov: boolean;
  readonly weightDecay: number;
  /** pixels by which training images are moved at most, along each axis */
  readonly crop: number;
  /** whether every other training image is mirrored */
  readonly flip: boolean;
  /** of initial weights, order of the images and their changes */
  readonly seed: number;
}

/** What the user may choose; undefined for what the recipe says, or the run that is resumed. */
export interface Choices {
  readonly epochs?: number | undefined;
  readonly batchSize?: number | undefined;
  readonly learningRate?: number | undefined;
  readonly seed?: number | undefined;
  readonly trainImages?: number | undefined;
  readonly testImages?: number | undefined;
  readonly batchNorm?: boolean | undefined;
}

/** The settings of a new run. @throws InputError for a choice that the data cannot fill */
export function newSettings(model: Model, source: Source, images: SharedData, choices: Choices): Settings {
  const { recipe } = model;
  const batchSize = choices.batchSize ?? recipe.batchSize;
  const trainImages = atMost(choices.trainImages, images.train.length, "--train-images", images.name);
  if (batchSize > trainImages) {
    throw new InputError(
      `--batch-size: expected at most the number of training images, ${integer(trainImages)}, got ${integer(batchSize)}`,
    );
  }
  const changed = model.takes === "images";
  return {
    model: model.name,
    dataset: source.name,
    data: images.fingerprint,
    trainImages,
    testImages: atMost(choices.testImages, images.test.length, "--test-images", images.name),
    batchNorm: choices.batchNorm ?? true,
    epochs: choices.epochs ?? recipe.epochs,
    batchSize,
    learningRate: choices.learningRate ?? (recipe.learningRate * batchSize) / recipe.batchSize,
    momentum: recipe.momentum,
    nesterov: recipe.nesterov,
    weightDecay: recipe.weightDecay,
    crop: changed ? source.crop : 0,
    flip: changed && source.flip,
    seed: choices.seed ?? 1,
  };
}

function atMost(wanted: number | undefined, available: number, option: string, name: string): number {
  if (wanted !== undefined && wanted > available) {
    throw new InputError(`${option}: expected at most the ${integer(available)} that ${name} has, got ${wanted}`);
  }
  return wanted ?? available;
}

const OPTIONS = {
  model: "the model",
  dataset: "--dataset",
  epochs: "--epochs",
  batchSize: "--batch-size",
  learningRate: "--learning-rate",
  seed: "--seed",
  trainImages: "--train-images",
  testImages: "--test-images",
} as const;

/**
 * Makes sure that a stored run is the one that the user means: what is given must be as it was, the rest is the run's.
 *
 * @throws InputError that names every difference
 */
export function checkSame(
  stored: Settings,
  asked: Choices & { readonly model: string; readonly dataset: string },
  folder: string,
): void {
  const differences = Object.entries(OPTIONS).flatMap(([key, option]) => {
    const [was, is] = [stored[key as keyof typeof OPTIONS], asked[key as keyof typeof OPTIONS]];
    return is === undefined || is === was ? [] : [`${option} ${was}, not ${is}`];
  });
  if (asked.batchNorm === false && stored.batchNorm) differences.push("batch norm, not with --no-batch-norm");
  if (differences.length > 0) {
    throw new InputError(
      `${folder}: this run was started with ${differences.join(", and ")}; go on with --resume alone, or take another --out`,
    );
  }
}

/** @throws InputError when a run was trained on other images than these */
export function checkSameData(stored: Settings, images: SharedData, folder: string): void {
  if (stored.data !== images.fingerprint) {
    throw new InputError(
      `${folder}: this run was trained on the images with fingerprint ${stored.data}, those of ${images.name} have ${images.fingerprint}; give the same --data as then`,
    );
  }
}
