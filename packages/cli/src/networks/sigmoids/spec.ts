import type { RunResult, RunSpec } from "../../runs/spec.ts";
import type { Measured } from "../../training/journal.ts";

/** Which images a run learns from: all training images, or all but those held out for choosing settings. */
export type TrainingPart = "all" | "all-but-held-out";

/** Where accuracy is measured: the test images, or the training images that were held out. */
export type MeasuredPart = "test" | "held-out";

/** One training of a network of sigmoids from its initial weights, complete enough to be repeated bit for bit. */
export interface SigmoidsSpec extends RunSpec {
  readonly kind: "training";
  readonly trainOn: TrainingPart;
  readonly measureOn: readonly MeasuredPart[];
  readonly batchNorm: boolean;
  /** widths of the hidden layers of sigmoids */
  readonly hidden: readonly number[];
  /** standard deviation of the Gaussian that weight matrices are drawn from; biases start at 0 */
  readonly sigma: number;
  /** of plain stochastic gradient descent, the same for the whole run */
  readonly learningRate: number;
  readonly batchSize: number;
  /** the steps after which accuracy is measured, rising, the last one equal to `steps` */
  readonly measureAt: readonly number[];
  /** the sigmoid of the last hidden layer whose input is watched while measuring on the test images */
  readonly watchedUnit: number | null;
}

/** What a training of a network of sigmoids showed at a step. */
export interface SigmoidsPoint extends Measured {
  /** mean training loss since the point before; null when it was not finite */
  readonly loss: number | null;
  /** share of correct answers, 0 to 1 */
  readonly accuracy: { readonly [part in MeasuredPart]?: number };
  /** the {15, 50, 85}th percentiles of the watched unit's input over the test images */
  readonly percentiles?: readonly [number, number, number];
}

export interface SigmoidsResult extends RunResult {
  readonly kind: "training";
  readonly points: readonly SigmoidsPoint[];
  /** the step at which the loss was seen not to be finite, where the run ended; null when it never was */
  readonly divergedAt: number | null;
  /** wall-clock time, measuring included */
  readonly seconds: number;
}
