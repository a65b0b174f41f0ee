import { type BatchNormFacts, diagnose, type Finding, type Summary, summarize } from "batchnorm/diagnose";

/** A batch norm as it stands in a file; what the file does not say is null. */
export interface FoundBatchNorm {
  readonly name: string;
  readonly channels: number | null;
  readonly eps: number | null;
  /** The weight of the new value, as PyTorch counts it. */
  readonly momentum: number | null;
  readonly training: boolean | null;
  readonly batchesTracked: number | null;
  /** [channels] each; 1 and 0 where the layer has none. */
  readonly gamma: ArrayLike<number> | null;
  readonly beta: ArrayLike<number> | null;
  readonly mean: ArrayLike<number> | null;
  readonly variance: ArrayLike<number> | null;
  /** What would take it, or why nothing would; null where the file does not tell. */
  readonly fold: { readonly into: string } | { readonly reason: string } | null;
}

/** A batch norm with what there is to say about it. */
export interface InspectedBatchNorm extends FoundBatchNorm {
  readonly findings: readonly Finding[];
  /** γ/√(var + ε) of each channel; null where a part of it is not known. */
  readonly scale: Float64Array | null;
  readonly summaries: Readonly<Record<"gamma" | "beta" | "mean" | "variance" | "scale", Summary | null>>;
}

export interface Inspection {
  readonly path: string;
  readonly format: "ONNX" | "safetensors";
  /** The ε that was taken for batch norms whose file does not tell theirs. */
  readonly assumedEps: number;
  readonly batchNorms: readonly InspectedBatchNorm[];
}

/** @param assumedEps  where the file does not tell */
export function inspect(found: FoundBatchNorm, assumedEps: number): InspectedBatchNorm {
  const { gamma, beta, mean, variance, training, batchesTracked } = found;
  const eps = found.eps ?? assumedEps;
  // Where γ is given at run time, nothing can be said of what it makes of the variance.
  const constant = gamma && beta && mean && variance;
  const statistics = constant ? { mean, variance } : { mean: null, variance: null };
  const facts: BatchNormFacts = { gamma, beta, ...statistics, eps, batchesTracked, training: training ?? false };
  const scale = gamma && variance && Float64Array.from(variance, (v, c) => gamma[c] / Math.sqrt(v + eps));
  const summary = (values: ArrayLike<number> | null) => values && summarize(values);
  return {
    ...found,
    findings: diagnose(facts),
    scale,
    summaries: {
      gamma: summary(gamma),
      beta: summary(beta),
      mean: summary(mean),
      variance: summary(variance),
      scale: summary(scale),
    },
  };
}

/** The findings that make a model fail: errors, and when asked for warnings too. */
export function faults({ batchNorms }: Inspection, strict: boolean): number {
  const counts = (finding: Finding) => finding.severity === "error" || (strict && finding.severity === "warning");
  return batchNorms.reduce((sum, { findings }) => sum + findings.filter(counts).length, 0);
}
