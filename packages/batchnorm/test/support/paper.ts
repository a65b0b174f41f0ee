/** Algorithm 1 and its gradients as the paper writes them (Ioffe & Szegedy 2015, §3), in float64. */

/** [outer, channels, inner]: every layout is one of these. */
export interface Layout {
  outer: number;
  channels: number;
  inner: number;
}

export interface Batch extends Layout {
  x: ArrayLike<number>;
  gamma: ArrayLike<number>;
  beta: ArrayLike<number>;
  eps: number;
}

export interface Statistics {
  mean: Float64Array;
  /** Divided by m. */
  variance: Float64Array;
}

/** Places in the array of each channel's values. */
function* placesOf({ outer, channels, inner }: Layout, channel: number): Generator<number> {
  for (let n = 0; n < outer; n++) {
    for (let i = 0; i < inner; i++) yield (n * channels + channel) * inner + i;
  }
}

export function statistics(batch: Layout & { x: ArrayLike<number> }): Statistics {
  const { x, outer, channels, inner } = batch;
  const m = outer * inner;
  const mean = new Float64Array(channels);
  const variance = new Float64Array(channels);
  for (let c = 0; c < channels; c++) {
    for (const i of placesOf(batch, c)) mean[c] += x[i] / m;
    for (const i of placesOf(batch, c)) variance[c] += (x[i] - mean[c]) ** 2 / m;
  }
  return { mean, variance };
}

export function normalize(batch: Batch, { mean, variance }: Statistics): Float64Array {
  const { x, channels, gamma, beta, eps } = batch;
  const y = new Float64Array(x.length);
  for (let c = 0; c < channels; c++) {
    for (const i of placesOf(batch, c)) {
      y[i] = (gamma[c] * (x[i] - mean[c])) / Math.sqrt(variance[c] + eps) + beta[c];
    }
  }
  return y;
}

export function forward(batch: Batch): Float64Array {
  return normalize(batch, statistics(batch));
}

export interface Gradients {
  dx: Float64Array;
  dgamma: Float64Array;
  dbeta: Float64Array;
}

/** The six equations of §3, one after another. */
export function backward(batch: Batch, dy: ArrayLike<number>): Gradients {
  const { x, outer, channels, inner, gamma, eps } = batch;
  const { mean, variance } = statistics(batch);
  const m = outer * inner;
  const [dx, dgamma, dbeta] = [x.length, channels, channels].map((n) => new Float64Array(n));
  for (let c = 0; c < channels; c++) {
    const places = [...placesOf(batch, c)];
    const root = Math.sqrt(variance[c] + eps);
    let dVariance = 0;
    for (const i of places) dVariance += dy[i] * gamma[c] * (x[i] - mean[c]) * -0.5 * root ** -3;
    let dMean = 0;
    let offsets = 0;
    for (const i of places) {
      dMean += (dy[i] * gamma[c] * -1) / root;
      offsets += -2 * (x[i] - mean[c]);
    }
    dMean += (dVariance * offsets) / m;
    for (const i of places) {
      dx[i] = (dy[i] * gamma[c]) / root + (dVariance * 2 * (x[i] - mean[c])) / m + dMean / m;
      dgamma[c] += (dy[i] * (x[i] - mean[c])) / root;
      dbeta[c] += dy[i];
    }
  }
  return { dx, dgamma, dbeta };
}

/** Gradients where the statistics were constants: those of an affine map. */
export function backwardConstant(batch: Batch, { mean, variance }: Statistics, dy: ArrayLike<number>): Gradients {
  const { x, channels, gamma, eps } = batch;
  const [dx, dgamma, dbeta] = [x.length, channels, channels].map((n) => new Float64Array(n));
  for (let c = 0; c < channels; c++) {
    const root = Math.sqrt(variance[c] + eps);
    for (const i of placesOf(batch, c)) {
      dx[i] = (dy[i] * gamma[c]) / root;
      dgamma[c] += (dy[i] * (x[i] - mean[c])) / root;
      dbeta[c] += dy[i];
    }
  }
  return { dx, dgamma, dbeta };
}
