import type { Shift } from "../datasets/shifts.ts";
import type { ImagePoint } from "./imagespec.ts";

/** The paper's network for MNIST, or a small residual one for CIFAR-10. */
export type NetworkName = "mnist" | "resnet8";

/** One training of a network whose weights are kept, complete enough to be repeated bit for bit. */
export interface NetworkSpec {
  readonly kind: "network";
  /** fingerprint of the data set */
  readonly data: string;
  readonly network: NetworkName;
  /** the first so many training images */
  readonly trainImages: number;
  /** the highest: it rises over the first steps, and falls along half a cosine over the others */
  readonly learningRate: number;
  readonly warmup: number;
  /** Nesterov's */
  readonly momentum: number;
  /** of matrices and convolutions alone */
  readonly weightDecay: number;
  readonly batchSize: number;
  readonly steps: number;
  /** of initial weights, order of images and their changes */
  readonly seed: number;
}

export interface NetworkResult {
  readonly kind: "network";
  /** one for each pass over the images, and the end; accuracy is not measured */
  readonly points: readonly ImagePoint[];
  /** base64 of a safetensors file with the state dict */
  readonly weights: string;
  /** time of all calls that it took */
  readonly seconds: number;
}

/** Where new running statistics come from. */
export interface Estimate {
  /** the first so many of the images that are kept for it */
  readonly images: number;
  /** of these only those with one of the labels; null for all */
  readonly classes: readonly number[] | null;
  readonly onePass: boolean;
  /** weight of the statistics of training */
  readonly prior: number;
}

/** One trained network on test images that are shifted, with statistics estimated in several ways. */
export interface ShiftSpec {
  readonly kind: "shift";
  readonly data: string;
  readonly network: NetworkSpec;
  /** null for images as they are */
  readonly shift: Shift | null;
  /** the first so many test images: one half for statistics, the other to measure accuracy on */
  readonly images: number;
  /** what is measured, one after another; null for the statistics of training */
  readonly estimates: readonly (Estimate | null)[];
  /** the number of estimates */
  readonly steps: number;
  /** of the noise */
  readonly seed: number;
}

export interface ShiftPoint {
  /** the number of the estimate, from 1 */
  readonly step: number;
  /** on the second half of the images, 0 to 1 */
  readonly accuracy: number;
}

export interface ShiftResult {
  readonly kind: "shift";
  readonly points: readonly ShiftPoint[];
  readonly seconds: number;
}
