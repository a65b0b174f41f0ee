import type { Layer } from "batchnorm";
import { inception, mnistNetwork, resnet } from "batchnorm/models";
import { InputError } from "../errors.ts";
import { MODEL_NAMES } from "./names.ts";

/** How a model is trained unless the user says otherwise. */
export interface Recipe {
  readonly epochs: number;
  readonly batchSize: number;
  /** at `batchSize`; for another batch size it is scaled in proportion */
  readonly learningRate: number;
  readonly momentum: number;
  readonly nesterov: boolean;
  /** of matrices and convolutions alone */
  readonly weightDecay: number;
}

/** What decides about a network beside its name. */
export interface ModelChoices {
  readonly batchNorm: boolean;
  /** colours of an image */
  readonly channels: number;
  readonly seed: number;
}

/** A network that `batchnorm train` knows by name. */
export interface Model {
  readonly name: string;
  /** one row of so many values, or images of any size */
  readonly takes: number | "images";
  readonly recipe: Recipe;
  build(choices: ModelChoices): Layer;
}

const MNIST_RECIPE: Recipe = {
  epochs: 10,
  batchSize: 60,
  learningRate: 0.1,
  momentum: 0.9,
  nesterov: true,
  weightDecay: 5e-4,
};

const IMAGE_RECIPE: Recipe = {
  epochs: 30,
  batchSize: 128,
  learningRate: 0.1,
  momentum: 0.9,
  nesterov: true,
  weightDecay: 5e-4,
};

/** @throws InputError for a name that stands for no model */
export function findModel(name: string): Model {
  if (name === "mnist") {
    return {
      name,
      takes: 784,
      recipe: MNIST_RECIPE,
      build: ({ batchNorm, seed }) => mnistNetwork({ batchNorm, seed }),
    };
  }
  const image = { name, takes: "images", recipe: IMAGE_RECIPE } as const;
  if (name === "inception") {
    return { ...image, build: ({ batchNorm, channels, seed }) => inception({ batchNorm, inChannels: channels, seed }) };
  }
  const depth = Number(/^resnet([1-9]\d{0,3})$/.exec(name)?.[1]);
  if (depth > 2 && (depth - 2) % 6 === 0) {
    return {
      ...image,
      build: ({ batchNorm, channels, seed }) => resnet({ depth, batchNorm, inChannels: channels, seed }),
    };
  }
  throw new InputError(`expected one of the models ${MODEL_NAMES}, got ${name}`);
}
