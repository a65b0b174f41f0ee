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

interface Weighted {
  readonly weight: { readonly data: Float32Array; readonly size: number; readonly shape: readonly number[] };
  readonly bias: { readonly data: Float32Array } | null;
}

/** Fills a layer with the weights of another of its kind, [channels, ...], and a normalization after it. */
export function absorbInto(to: Weighted, from: Weighted, normalization: Normalization): void {
  const { scale, bias } = absorb(normalization, from.bias?.data);
  const each = from.weight.size / from.weight.shape[0];
  const weights = from.weight.data;
  for (let i = 0; i < weights.length; i++) to.weight.data[i] = weights[i] * scale[Math.floor(i / each)];
  to.bias?.data.set(bias);
}
