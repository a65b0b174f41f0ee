import type { RunResult, RunSpec } from "../../runs/spec.ts";
import type { Measured } from "../../training/journal.ts";

/** Where accuracy is measured: the test images, training images that were held out, or the images trained on. */
export type ImagePart = "test" | "held-out" | "training";

/** When a training is measured, and on how many images at most of each part: its first. */
export interface Measurement {
  readonly step: number;
  readonly images: number;
}

/** One training of an Inception network on colour images, complete enough to be repeated bit for bit. */
export interface ImageSpec extends RunSpec {
  readonly kind: "images";
  /** the first so many training images, without those held out */
  readonly trainImages: number;
  /** whether training images are moved and mirrored at random */
  readonly augment: boolean;
  readonly batchNorm: boolean;
  readonly activation: "relu" | "sigmoid";
  /** share of the last features that is dropped in training */
  readonly dropout: number;
  /** initial weights are so many times as large as usual */
  readonly gain: number;
  /** of the first step */
  readonly learningRate: number;
  /** the learning rate falls exponentially to this share of itself over the run */
  readonly decay: number;
  readonly momentum: number;
  /** of matrices and convolutions alone */
  readonly weightDecay: number;
  readonly batchSize: number;
  readonly measureOn: readonly ImagePart[];
  /** rising, the last one after the last step */
  readonly measureAt: readonly Measurement[];
  /** whether the result has the class probabilities of the test images that the last measurement takes */
  readonly probabilities: boolean;
  /** of initial weights, Dropout, order of images and their changes */
  readonly seed: number;
}

/** What a training of an Inception network showed at a step. */
export interface ImagePoint extends Measured {
  /** mean training loss since the point before; null when it was not finite */
  readonly loss: number | null;
  /** share of correct answers, 0 to 1 */
  readonly accuracy: { readonly [part in ImagePart]?: number };
}

export interface ImageResult extends RunResult {
  readonly kind: "images";
  readonly points: readonly ImagePoint[];
  /** the step whose loss was not finite, where the run ended; null when there was none */
  readonly divergedAt: number | null;
  /** numbers that were learned */
  readonly parameters: number;
  /** base64 of float32 values [images, 10], little-endian; null when they were not asked for, or the run diverged */
  readonly probabilities: string | null;
  /** time of training and measuring, of all calls that it took */
  readonly seconds: number;
}
