import type { KeptBatchNorm, RecalibratedBatchNorm } from "batchnorm-onnx";

export interface RecalibrationFacts {
  readonly model: string;
  readonly output: string;
  readonly data: readonly string[];
  readonly samples: number;
  readonly onePass: boolean;
  readonly prior: number;
  readonly recalibrated: readonly RecalibratedBatchNorm[];
  readonly kept: readonly KeptBatchNorm[];
}

/** What `--json` prints: the statistics of every channel, before and after. */
export function recalibrationJson({ recalibrated, ...facts }: RecalibrationFacts): string {
  const batchNorms = recalibrated.map(({ before, after, ...rest }) => ({
    ...rest,
    before: { mean: Array.from(before.mean), variance: Array.from(before.variance) },
    after: { mean: Array.from(after.mean), variance: Array.from(after.variance) },
  }));
  return `${JSON.stringify({ ...facts, recalibrated: batchNorms }, null, 2)}\n`;
}
