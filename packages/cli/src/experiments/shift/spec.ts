import type { RunResult, RunSpec } from "../../runs/spec.ts";
import type { Measured } from "../../training/journal.ts";

/** The paper's network for MNIST, or a small residual one for CIFAR-10. */
export type NetworkName = "mnist" | "resnet8";

/** One training of a network whose weights are kept, complete enough to be repeated bit for bit. */
export interface NetworkSpec extends RunSpec {
  readonly kind: "network";
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
}

/** Mean training loss since the point before; accuracy is not measured. */
export interface LossPoint extends Measured {
  readonly loss: number | null;
  readonly accuracy: Record<string, never>;
}

export interface NetworkResult extends RunResult {
  readonly kind: "network";
  /** one for each pass over the images, and the end */
  readonly points: readonly LossPoint[];
  /** base64 of a safetensors file with the state dict */
  readonly weights: string;
}

/** A way in which images can differ from those that a network has learned from. */
export type ShiftName = "contrast" | "brightness" | "noise" | "blur";

export interface Shift {
  readonly name: ShiftName;
  /**
   * contrast: what is left of every difference from the mean; brightness: grey levels that are added; noise: its standard
   * deviation in grey levels; blur: the standard deviation of the Gaussian in pixels
   */
  readonly amount: number;
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
export interface ShiftSpec extends RunSpec {
  readonly kind: "shift";
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

export interface ShiftPoint extends Measured {
  /** the number of the estimate, from 1 */
  readonly step: number;
  /** on the second half of the images, 0 to 1 */
  readonly accuracy: number;
}

export interface ShiftResult extends RunResult {
  readonly kind: "shift";
  readonly points: readonly ShiftPoint[];
}
