import type { RunResult, RunSpec } from "../../runs/spec.ts";
import type { Measured } from "../../training/journal.ts";

/** One small network trained with batch statistics that are, or are not, part of the gradient (§2). */
export interface DriftSpec extends RunSpec {
  readonly kind: "drift";
  readonly statistics: "differentiated" | "constants";
  /** what gradient descent may change */
  readonly learns: "the bias" | "everything";
  /** the first images of the training set at every step, or every next ones of it */
  readonly batches: "the same" | "every next";
  readonly units: number;
  readonly learningRate: number;
  readonly batchSize: number;
  readonly measureEvery: number;
}

export interface DriftPoint extends Measured {
  /** mean over the steps since the point before; null when it was not finite */
  readonly loss: number | null;
  /** Euclidean norm of the bias in front of the batch normalization */
  readonly biasNorm: number | null;
}

export interface DriftResult extends RunResult {
  readonly kind: "drift";
  readonly points: readonly DriftPoint[];
}
