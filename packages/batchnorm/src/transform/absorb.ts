/** A batch norm in eval mode, [channels] each; gamma may be absent for all 1, beta for all 0. */
export interface Normalization {
  readonly gamma: ArrayLike<number> | undefined;
  readonly beta: ArrayLike<number> | undefined;
  readonly mean: ArrayLike<number>;
  readonly variance: ArrayLike<number>;
  readonly eps: number;
}

/**
 * What a batch norm makes of the weights and the bias before it, in float64: the scale of each channel's weights, and the
 * new bias.
 *
 *   scale = gamma/√(var + ε)      bias′ = (bias − mean)·scale + beta
 */
export function absorb(
  { gamma, beta, mean, variance, eps }: Normalization,
  bias: ArrayLike<number> | undefined,
): { scale: Float64Array; bias: Float64Array } {
  const scale = Float64Array.from(variance, (v, c) => {
    // As in the layer: a channel that is constant gives beta, without an ε too.
    return v + eps === 0 ? 0 : (gamma?.[c] ?? 1) / Math.sqrt(v + eps);
  });
  return { scale, bias: scale.map((s, c) => ((bias?.[c] ?? 0) - mean[c]) * s + (beta?.[c] ?? 0)) };
}
