import type { Recorded } from "../../results/recorded.ts";
import type { DriftPoint, DriftSpec } from "./spec.ts";

export interface BiasDriftSize {
  readonly steps: number;
  readonly measureEvery: number;
  /** hidden units, each with its bias in front of the batch normalization */
  readonly units: number;
  /** images a step */
  readonly batchSize: number;
  readonly learningRate: number;
}

/** The argument of the paper's §2, carried out. */
export interface BiasDriftResults extends Recorded<"bias-drift">, BiasDriftSize {
  readonly curves: readonly DriftCurve[];
}

/** One small network under gradient descent. */
export interface DriftCurve {
  readonly statistics: DriftSpec["statistics"];
  readonly learns: DriftSpec["learns"];
  readonly points: readonly DriftPoint[];
}

/** The two curves of a part of the experiment. */
export function curvesOf({ curves }: BiasDriftResults, learns: DriftSpec["learns"]): DriftCurve[] {
  return curves.filter((curve) => curve.learns === learns);
}
