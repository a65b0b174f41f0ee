import type { SharedData } from "../../datasets/shared.ts";
import { InputError } from "../../errors.ts";
import type { ImageForm } from "../../results/recorded.ts";
import { integer } from "../../words.ts";
import type { ImagePart, ImageResult, ImageSpec, Measurement } from "./spec.ts";

/** The paper's (§4.2): 32 images a step, stochastic gradient descent with momentum. */
export const PAPER_TRAINING = { batchSize: 32, momentum: 0.9 } as const;

/** How fast the learning rate falls, and how much weights are held back. */
export interface Pace {
  /** share of the learning rate that is left at the end */
  readonly decay: number;
  readonly weightDecay: number;
}

/** Of networks without batch norm, and of the one that differs from them in batch norm alone. */
export const ORDINARY: Pace = { decay: 0.1, weightDecay: 1e-4 };

/**
 * Of the networks that make use of batch norm: a fifth of the weight decay, as in the paper. There the learning rate
 * falls 6 times faster, in runs that are several times shorter. Here all runs are equally long, and 6 times faster would
 * leave a millionth of it: twice as fast leaves a hundredth.
 */
export const FAST: Pace = { decay: 0.01, weightDecay: 2e-5 };

/** CIFAR-10's images. */
export const COLOUR: ImageForm = { side: 32, threshold: null };

/** At most the last 5,000 training images, and never more than a tenth, are kept for choosing settings. */
export function heldOutImages(trainingImages: number): number {
  return Math.min(5_000, Math.floor(trainingImages / 10));
}

/** Dropout of networks that do not do without it. */
export const DROPOUT = 0.4;

/**
 * As many of the training images as an experiment wants, or all that there are without those held out.
 *
 * @throws InputError when they do not fill a step
 */
export function availableImages({ name, train }: SharedData, wanted: number): number {
  const images = Math.min(wanted, train.length - heldOutImages(train.length));
  if (images < PAPER_TRAINING.batchSize) {
    throw new InputError(
      `${name}: expected at least ${PAPER_TRAINING.batchSize} training images, the number of a step, beside those held out; got ${integer(images)}`,
    );
  }
  return images;
}

/** Steps of one pass over so many images; what is left of them at its end is left out. */
export function epochSteps(images: number): number {
  return Math.floor(images / PAPER_TRAINING.batchSize);
}

/** One measurement, at the end of a run. */
export function atEnd(steps: number, images: number): Measurement[] {
  return [{ step: steps, images }];
}

type Required = "trainImages" | "batchNorm" | "learningRate" | "steps" | "measureAt" | "seed";

/** A run of the Inception network of the usual kind, measured on the test images. */
export function inceptionSpec(
  data: SharedData,
  choices: Pick<ImageSpec, Required> & Partial<Omit<ImageSpec, Required | "kind" | "data">>,
): ImageSpec {
  return {
    kind: "images",
    data: data.fingerprint,
    augment: true,
    activation: "relu",
    dropout: 0,
    gain: 1,
    ...PAPER_TRAINING,
    ...ORDINARY,
    measureOn: ["test"],
    probabilities: false,
    ...choices,
  };
}

/** What was measured last, 0 to 1. */
export function lastAccuracy({ points }: Pick<ImageResult, "points">, part: ImagePart): number {
  const accuracy = points.at(-1)?.accuracy[part];
  if (accuracy === undefined) throw new Error(`lastAccuracy: the run was not measured on the ${part} images`);
  return accuracy;
}
