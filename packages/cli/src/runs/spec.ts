import { createHash } from "node:crypto";
import type { ImageResult, ImageSpec } from "./imagespec.ts";
import type { NetworkResult, NetworkSpec, ShiftResult, ShiftSpec } from "./shiftspec.ts";

/** Which images a run learns from: all training images, or all but those held out for choosing settings. */
export type TrainingPart = "all" | "all-but-held-out";

/** Where accuracy is measured: the test images, or the training images that were held out. */
export type MeasuredPart = "test" | "held-out";

/** One training of one network from its initial weights, complete enough to be repeated bit for bit. */
export interface TrainingSpec {
  readonly kind: "training";
  /** fingerprint of the data set */
  readonly data: string;
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
  readonly steps: number;
  /** the steps after which accuracy is measured, rising, the last one equal to `steps` */
  readonly measureAt: readonly number[];
  /** the sigmoid of the last hidden layer whose input is watched while measuring on the test images */
  readonly watchedUnit: number | null;
  readonly seed: number;
}

/** One small network trained with batch statistics that are, or are not, part of the gradient (§2). */
export interface DriftSpec {
  readonly kind: "drift";
  readonly data: string;
  readonly statistics: "differentiated" | "constants";
  /** what gradient descent may change */
  readonly learns: "the bias" | "everything";
  /** the first images of the training set at every step, or every next ones of it */
  readonly batches: "the same" | "every next";
  readonly units: number;
  readonly learningRate: number;
  readonly batchSize: number;
  readonly steps: number;
  readonly measureEvery: number;
  readonly seed: number;
}

export type RunSpec = TrainingSpec | DriftSpec | ImageSpec | NetworkSpec | ShiftSpec;

/** One line of what a training showed on its way. */
export interface TrainingPoint {
  readonly step: number;
  /** mean training loss since the point before; null when it was not finite */
  readonly loss: number | null;
  /** share of correct answers, 0 to 1 */
  readonly accuracy: { readonly [part in MeasuredPart]?: number };
  /** the {15, 50, 85}th percentiles of the watched unit's input over the test images */
  readonly percentiles?: readonly [number, number, number];
}

export interface TrainingResult {
  readonly kind: "training";
  readonly points: readonly TrainingPoint[];
  /** the step at which the loss was seen not to be finite, where the run ended; null when it never was */
  readonly divergedAt: number | null;
  /** wall-clock time, measuring included */
  readonly seconds: number;
}

export interface DriftPoint {
  readonly step: number;
  /** mean over the steps since the point before; null when it was not finite */
  readonly loss: number | null;
  /** Euclidean norm of the bias in front of the batch normalization */
  readonly biasNorm: number | null;
}

export interface DriftResult {
  readonly kind: "drift";
  readonly points: readonly DriftPoint[];
  readonly seconds: number;
}

export type RunResult = TrainingResult | DriftResult | ImageResult | NetworkResult | ShiftResult;

/** The result that belongs to a kind of run. */
export type ResultOf<Spec extends RunSpec> = Extract<RunResult, { kind: Spec["kind"] }>;

/** A run that is not finished, as it is kept: bytes from which it goes on. */
export interface Checkpoint {
  /** steps done */
  readonly step: number;
  readonly bytes: Uint8Array;
}

/** A run and what progress bars call it. */
export interface Job<Spec extends RunSpec = RunSpec> {
  readonly label: string;
  readonly spec: Spec;
  /** base64 of the safetensors file that the training of the spec's network gave */
  readonly weights?: string | undefined;
  /** what an earlier call left of it */
  readonly checkpoint?: Checkpoint | undefined;
}

/** Raised when the same spec would give other numbers than before, so that stored results are not reused. */
const REVISION = 1;

/** A name for the run that depends on every value of its spec and not on the order of its fields. */
export function specHash(spec: RunSpec): string {
  return createHash("sha256")
    .update(`${REVISION} ${canonical(spec)}`)
    .digest("hex")
    .slice(0, 20);
}

/** JSON with sorted keys. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    inner !== null && typeof inner === "object" && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
