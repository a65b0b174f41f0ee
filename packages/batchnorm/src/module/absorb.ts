/** A batch norm in eval mode, [channels] each; gamma may be absent for all 1, beta for all 0. */
export interface Normalization {
  readonly gamma: ArrayLike<number> | undefined;
  readonly beta: ArrayLike<number> | undefined;
  readonly mean: ArrayLike<number>;
  readonly variance: ArrayLike<number>;
  readonly eps: number;
}

/**
 * A normalization by constants as y = x·scale + shift, a channel each, in float64.
 *
 *   scale = gamma/√(var + ε)      shift = beta − mean·scale
 *
 * @see Ioffe & Szegedy 2015, Algorithm 2
 */
export function affineOf({ gamma, beta, mean, variance, eps }: Normalization): {
  scale: Float64Array;
  shift: Float64Array;
} {
  // As in the layer: a channel that is constant gives beta, without an ε too.
  const scale = Float64Array.from(variance, (v, c) => (v + eps === 0 ? 0 : (gamma?.[c] ?? 1) / Math.sqrt(v + eps)));
  return { scale, shift: scale.map((s, c) => (beta?.[c] ?? 0) - mean[c] * s) };
}

/**
 * What a normalization makes of the weights and the bias of the layer before it, in float64: the scale of each channel's
 * weights, and the new bias, bias·scale + shift.
 */
export function absorb(
  normalization: Normalization,
  bias: ArrayLike<number> | undefined,
): { scale: Float64Array; bias: Float64Array } {
  const { scale, shift } = affineOf(normalization);
  return { scale, bias: shift.map((s, c) => (bias?.[c] ?? 0) * scale[c] + s) };
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
