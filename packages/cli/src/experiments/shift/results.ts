import type { Recorded } from "../../results/recorded.ts";
import type { Accuracies } from "./estimates.ts";
import type { NetworkName, NetworkSpec, Shift } from "./spec.ts";

/** A shift, and what new statistics do about it. */
export interface ShiftedAccuracies extends Accuracies {
  readonly shift: Shift;
}

/** One trained network on one data set. */
export interface ShiftNetwork extends Training {
  readonly network: NetworkName;
  readonly data: { readonly name: string; readonly testImages: number };
  /** test images that statistics come from, and others that accuracy is measured on */
  readonly statisticsImages: number;
  readonly measuredImages: number;
  /** images of the few classes among those that statistics come from */
  readonly fewClassesImages: number;
  /** on images as they are */
  readonly clean: Accuracies;
  readonly shifts: readonly ShiftedAccuracies[];
  /** of the training */
  readonly seconds: number;
}

type Training = Pick<NetworkSpec, "trainImages" | "steps" | "batchSize" | "learningRate" | "momentum" | "weightDecay">;

/** What statistics of shifted images are worth to networks that have learned from others. */
export interface ShiftResults extends Recorded<"shift"> {
  /** weight of the statistics of training where they are kept in part */
  readonly prior: number;
  /** the labels that are left where statistics come from few classes */
  readonly classes: readonly number[];
  /** MNIST's, and CIFAR-10's where the data are there */
  readonly networks: readonly ShiftNetwork[];
}

export interface ShiftSize {
  /** at most so many images to learn from, and passes over them */
  readonly training: Record<NetworkName, { readonly images: number; readonly epochs: number }>;
  /** at most so many test images */
  readonly testImages: number;
}

/** Whether new statistics cost accuracy, in whole per cent. */
export function fell({ before, layers }: ShiftedAccuracies): boolean {
  return Math.round(100 * layers) < Math.round(100 * before);
}
