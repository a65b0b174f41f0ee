import { type Recorded, type Request, record } from "../results/recorded.ts";
import type { Laboratory } from "../runs/laboratory.ts";
import type { DriftPoint, DriftSpec, Job } from "../runs/spec.ts";

/** One small network under gradient descent. */
export interface DriftCurve {
  readonly statistics: DriftSpec["statistics"];
  readonly learns: DriftSpec["learns"];
  readonly points: readonly DriftPoint[];
}

/** The argument of the paper's §2, carried out. */
export interface BiasDriftResults extends Recorded<"bias-drift">, BiasDriftSize {
  readonly curves: readonly DriftCurve[];
}

export interface BiasDriftSize {
  readonly steps: number;
  readonly measureEvery: number;
  /** hidden units, each with its bias in front of the batch normalization */
  readonly units: number;
  /** images a step */
  readonly batchSize: number;
  readonly learningRate: number;
}

export const BIAS_DRIFT_SIZES: Record<"full" | "quick", BiasDriftSize> = {
  full: { steps: 3_000, measureEvery: 50, units: 100, batchSize: 60, learningRate: 1 },
  quick: { steps: 500, measureEvery: 10, units: 100, batchSize: 60, learningRate: 1 },
};

/** Where only the bias learns, the batch stays the same, so that the loss can be compared from step to step. */
const PARTS = [
  { learns: "the bias", batches: "the same" },
  { learns: "everything", batches: "every next" },
] as const;

/** Trains the small network four times: statistics differentiated or constants, the bias alone or everything. */
export async function biasDrift(
  laboratory: Laboratory,
  size: BiasDriftSize,
  request: Request,
): Promise<BiasDriftResults> {
  const batchSize = Math.min(size.batchSize, laboratory.data.train.length);
  const jobs: Job<DriftSpec>[] = PARTS.flatMap((part) =>
    (["differentiated", "constants"] as const).map((statistics) => ({
      label: `${part.learns} learns, statistics ${statistics}`,
      spec: {
        kind: "drift",
        data: laboratory.data.fingerprint,
        statistics,
        ...part,
        ...size,
        batchSize,
        seed: request.seed,
      },
    })),
  );
  const results = await laboratory.run(jobs);
  const curves = results.map((result, index) => {
    const { statistics, learns } = jobs[index].spec;
    return { statistics, learns, points: result.points };
  });
  return {
    ...record("bias-drift", laboratory.data, request),
    ...size,
    batchSize,
    curves,
  };
}
