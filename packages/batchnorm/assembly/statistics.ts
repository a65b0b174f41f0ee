/** What batch norm does a channel, in float64: a few operations each, between the kernels that go through all values. */
import {
  BatchCoefficients,
  GradCoefficients,
  MergeGradSums,
  MergeMoments,
  RunningCoefficients,
  TrackStatistics,
} from "./structs.gen";

function f64At(p: usize, i: i32): f64 {
  return load<f64>(p + (<usize>i << 3));
}
function setF64(p: usize, i: i32, value: f64): void {
  store<f64>(p + (<usize>i << 3), value);
}
function f32At(p: usize, i: i32): f32 {
  return load<f32>(p + (<usize>i << 2));
}
function setF32(p: usize, i: i32, value: f64): void {
  store<f32>(p + (<usize>i << 2), <f32>value);
}
/** Of gamma: 1 where there is none. */
function factor(gamma: usize, i: i32): f64 {
  return gamma ? <f64>f32At(gamma, i) : 1;
}

/**
 * The moments of several sets become those of their union (Chan, Golub & LeVeque 1983), in the order of the parts. Where
 * the means agree exactly, so does the result: a constant channel keeps its value and M2 = 0.
 */
export function mergeMoments(args: MergeMoments, task: i32): void {
  const channels = args.channels;
  for (let c = 0; c < channels; c++) {
    let mean = f64At(args.partMean, c);
    let m2 = f64At(args.partM2, c);
    let rows = min(args.rowsPerPart, args.rows);
    for (let i = 1; i < args.parts; i++) {
      const more = min(args.rowsPerPart, args.rows - rows);
      const weight = <f64>more / <f64>(rows + more);
      const delta = f64At(args.partMean, i * channels + c) - mean;
      mean += delta * weight;
      m2 += f64At(args.partM2, i * channels + c) + delta * delta * (<f64>rows * weight);
      rows += more;
    }
    setF64(args.mean, c, mean);
    setF64(args.m2, c, m2);
  }
}

/** 1/√v; 0 where v is 0, so that a constant channel gives beta without an ε too. */
function reciprocalRoot(v: f64): f64 {
  return v == 0 ? 0 : 1 / Math.sqrt(v);
}

export function batchCoefficients(args: BatchCoefficients, task: i32): void {
  const count = load<f64>(args.count);
  const eps = load<f64>(args.eps);
  for (let c = 0; c < args.channels; c++) {
    const quotient = f64At(args.m2, c) / count;
    const variance = quotient < 0 ? 0 : quotient;
    setF64(args.variance, c, variance);
    // Where the squares have left their range, y is NaN: 1/√∞ would make it beta in silence.
    const rstd = variance < Infinity ? reciprocalRoot(variance + eps) : NaN;
    setF64(args.rstd, c, rstd);
    coefficients(f64At(args.mean, c), rstd, c, args.gamma, args.beta, args.center, args.scale, args.shift);
  }
}

export function runningCoefficients(args: RunningCoefficients, task: i32): void {
  const eps = load<f64>(args.eps);
  for (let c = 0; c < args.channels; c++) {
    const mean = <f64>f32At(args.runningMean, c);
    const rstd = reciprocalRoot(<f64>f32At(args.runningVar, c) + eps);
    setF64(args.mean, c, mean);
    setF64(args.rstd, c, rstd);
    coefficients(mean, rstd, c, args.gamma, args.beta, args.center, args.scale, args.shift);
  }
}

/** gamma·(x − mean)·rstd + beta as (x − center)·scale + shift, of a channel. */
function coefficients(mean: f64, rstd: f64, c: i32, gamma: usize, beta: usize, center: usize, scale: usize, shift: usize): void {
  const s = factor(gamma, c) * rstd;
  const rounded = <f32>mean;
  setF32(center, c, <f64>rounded);
  setF32(scale, c, s);
  setF32(shift, c, (beta ? <f64>f32At(beta, c) : 0) - (mean - <f64>rounded) * s);
}

export function trackStatistics(args: TrackStatistics, task: i32): void {
  const count = load<f64>(args.count);
  const correction = args.unbiased ? count / (count - 1) : 1;
  const momentum = load<f64>(args.momentum);
  const batches = load<f64>(args.batches) + 1;
  store<f64>(args.batches, batches);
  for (let c = 0; c < args.channels; c++) {
    const refused = f64At(args.refused, c);
    const weight = momentum == momentum ? momentum : 1 / (batches - refused);
    const mean = <f32>((1 - weight) * <f64>f32At(args.runningMean, c) + weight * f64At(args.mean, c));
    const variance = <f32>((1 - weight) * <f64>f32At(args.runningVar, c) + weight * f64At(args.variance, c) * correction);
    if (isFinite(mean) && isFinite(variance)) {
      setF32(args.runningMean, c, <f64>mean);
      setF32(args.runningVar, c, <f64>variance);
    } else setF64(args.refused, c, refused + 1);
  }
}

export function mergeGradSums(args: MergeGradSums, task: i32): void {
  const channels = args.channels;
  for (let c = 0; c < channels; c++) {
    let sumDy: f64 = 0;
    let sumDyX: f64 = 0;
    for (let i = c; i < args.parts * channels; i += channels) {
      sumDy += f64At(args.sumDy, i);
      sumDyX += f64At(args.sumDyX, i);
    }
    let beta = sumDy;
    let gamma = (sumDyX - (f64At(args.mean, c) - <f64>f32At(args.center, c)) * sumDy) * f64At(args.rstd, c);
    setF64(args.sums, c, beta);
    setF64(args.sums, channels + c, gamma);
    if (args.total) {
      if (!args.first) {
        beta += f64At(args.total, c);
        gamma += f64At(args.total, channels + c);
      }
      setF64(args.total, c, beta);
      setF64(args.total, channels + c, gamma);
    }
    if (args.dgamma) setF32(args.dgamma, c, gamma);
    if (args.dbeta) setF32(args.dbeta, c, beta);
  }
}

export function gradCoefficients(args: GradCoefficients, task: i32): void {
  const count = load<f64>(args.count);
  for (let c = 0; c < args.channels; c++) {
    const rstd = f64At(args.rstd, c);
    const scale = factor(args.gamma, c) * rstd;
    setF32(args.a, c, scale);
    if (!args.sums) continue;
    const slope = (-scale * rstd * f64At(args.sums, args.channels + c)) / count;
    setF32(args.b, c, slope);
    const offset = f64At(args.mean, c) - <f64>f32At(args.center, c);
    setF32(args.c, c, -((scale * f64At(args.sums, c)) / count) - slope * offset);
  }
}
