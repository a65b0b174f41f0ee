/** How far the library's batch norm and onnxruntime's are from what is exact, and from each other. */
import { byFunctions, byLayer, byRuntime, type FloatName, type Norm, type Results } from "./batchnorm.ts";

/**
 * How far results may be off, in roundings to float32 (2⁻²⁴) of the terms that are added to make them: the library's from
 * what is exact, and the library's from onnxruntime's, which adds larger terms and sums in float32.
 */
export const bounds = {
  inference: { exact: 4, runtime: 8 },
  training: { exact: 16, runtime: 32 },
};

/** Magnitudes of what is added to make each result. */
export interface Terms {
  /** Where the mean is subtracted from x first: γ·(x − mean)·rstd and β. */
  y: Float64Array;
  /** Where it is not: γ·x·rstd, γ·mean·rstd and β. */
  wide: Float64Array;
  /** The old value and the batch's, weighted; a mean is off by a share of the deviation too. */
  mean: Float64Array;
  variance: Float64Array;
}

/** @param by  what x is normalized by: exactly the batch's mean and variance in training, else those of the norm itself */
export function termsOf({ shape, momentum, eps, ...norm }: Norm, training: boolean, by: Results): Terms {
  const inner = shape.slice(2).reduce((product, size) => product * size, 1);
  const { mean, variance } = by;
  const each = (term: (x: number, c: number, scale: number) => number) =>
    Float64Array.from(norm.x, (x, i) => {
      const c = Math.floor(i / inner) % shape[1];
      const scale = Math.abs(norm.gamma[c]) / Math.sqrt(variance[c] + eps);
      // A mean and a deviation of the batch that are off a little show in y as a share of γ.
      return term(x, c, scale) + Math.abs(norm.beta[c]) + (training ? Math.abs(norm.gamma[c]) : 0);
    });
  const moved = (old: ArrayLike<number>, now: (c: number) => number) =>
    Float64Array.from(old, (value, c) => momentum * Math.abs(value) + (1 - momentum) * now(c));
  return {
    y: each((x, c, scale) => scale * Math.abs(x - mean[c])),
    wide: each((x, c, scale) => scale * (Math.abs(x) + Math.abs(mean[c]))),
    mean: moved(norm.mean, (c) => Math.abs(mean[c]) + Math.sqrt(variance[c])),
    variance: moved(norm.variance, (c) => variance[c]),
  };
}

/**
 * The largest difference, in roundings to float32 of the terms.
 *
 * @param type  of what is expected: what its own rounding to float16 may have cost does not count
 */
export function roundings(
  got: ArrayLike<number>,
  expected: ArrayLike<number>,
  terms: Float64Array,
  type: FloatName = "float32",
): number {
  if (got.length !== expected.length) return Number.POSITIVE_INFINITY;
  let most = 0;
  for (let i = 0; i < got.length; i++) {
    // Half of the distance between two float16 numbers there.
    const rounding = type === "float16" ? Math.max(2 ** -11 * Math.abs(expected[i]), 2 ** -25) : 0;
    const difference = Math.abs(got[i] - expected[i]);
    if (difference <= rounding) continue;
    const each = (difference - rounding) / (terms[i] * 2 ** -24);
    most = Math.max(most, Number.isNaN(each) ? Number.POSITIVE_INFINITY : each);
  }
  return most;
}

/** How far three results for a batch norm are off, in roundings. */
export interface Distances {
  /** From what is exact: y, and in training running mean and variance; the worse of the library's functions and layer. */
  library: number[];
  /** The same of onnxruntime's. */
  runtime: number[];
  /** Between the library's functions and onnxruntime. */
  apart: number[];
}

/**
 * Computes a batch norm three times: by the library, by onnxruntime, and by onnxruntime in float64, which is taken for
 * exact.
 *
 * @param type  what onnxruntime computes with and stores
 */
export async function measure(norm: Norm, training: boolean, type: FloatName = "float32"): Promise<Distances> {
  const exact = await byRuntime(norm, training, "float64");
  const theirs = await byRuntime(norm, training, type);
  const ours = byFunctions(norm, training);
  const layers = byLayer(norm, training);
  // A momentum of 0 leaves the batch's own statistics.
  const by = training ? await byRuntime({ ...norm, momentum: 0 }, true, "float64") : exact;
  const terms = termsOf(norm, training, by);
  const names = training ? (["y", "mean", "variance"] as const) : (["y"] as const);
  return {
    library: names.map((name) =>
      Math.max(...[ours, layers].map((each) => roundings(each[name], exact[name], terms[name]))),
    ),
    runtime: names.map((name) => roundings(theirs[name], exact[name], terms[name], type)),
    apart: names.map((name) => {
      return roundings(ours[name], theirs[name], name === "y" ? terms.wide : terms[name], type);
    }),
  };
}
