/**
 * What every kernel computes, as plain loops in float64, rounded once when a float32 is stored: the specification.
 * The reference device runs on these, and the tests hold the wasm kernels to them.
 * Arguments arrive by name, pointers as arrays that begin where they point.
 */
import type { Limits } from "./contract.ts";
import { imageReference } from "./imagereference.ts";
import { type Reference, share } from "./named.ts";
import { statisticsReference } from "./statisticsreference.ts";
import { winogradReference } from "./winogradreference.ts";

/** Mean and M2 of the values that `at` gives for 0 … count − 1. */
function moments(count: number, at: (i: number) => number): [mean: number, m2: number] {
  const shift = at(0);
  let sum = 0;
  for (let i = 0; i < count; i++) sum += at(i) - shift;
  const mean = shift + sum / count;
  let m2 = 0;
  for (let i = 0; i < count; i++) m2 += (at(i) - mean) ** 2;
  return [mean, m2];
}

function softmax(logits: Float64Array): Float64Array {
  const best = logits.reduce((a, b) => Math.max(a, b));
  const powers = logits.map((v) => Math.exp(v - best));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((p) => p / sum);
}

/** A hash of the index under a key, uniform on 32 bits: Dropout's mask. */
export function hash(index: number, key: number): number {
  let h = Math.imul(index ^ key, 0x9e3779b1);
  h = Math.imul(h ^ (h >>> 16), 0x21f0aaad);
  h = Math.imul(h ^ (h >>> 15), 0x735a2d97);
  return (h ^ (h >>> 15)) >>> 0;
}

function map(f: (x: number) => number): Reference["sigmoid"] {
  return ({ x, y, count, perTask }, task) => {
    const [first, end] = share(task, perTask, count);
    for (let i = first; i < end; i++) y[i] = f(x[i]);
  };
}

function mapGrad(f: (y: number) => number): Reference["sigmoidGrad"] {
  return ({ y, dy, dx, count, perTask }, task) => {
    const [first, end] = share(task, perTask, count);
    for (let i = first; i < end; i++) dx[i] = dy[i] * f(y[i]);
  };
}

/** The reference for the layouts of a build: panels are as wide as its own. */
export const referenceOf = (limits: Limits): Reference => ({
  momentsRows({ x, rows, channels, rowsPerTask, mean, m2 }, task) {
    const [first, end] = share(task, rowsPerTask, rows);
    for (let c = 0; c < channels; c++) {
      const result = moments(end - first, (i) => x[(first + i) * channels + c]);
      [mean[task * channels + c], m2[task * channels + c]] = result;
    }
  },
  momentsPlanes({ x, outer, channels, inner, channelsPerTask, mean, m2 }, task) {
    const [first, end] = share(task, channelsPerTask, channels);
    for (let c = first; c < end; c++) {
      const at = (i: number) => x[(Math.floor(i / inner) * channels + c) * inner + (i % inner)];
      [mean[c], m2[c]] = moments(outer * inner, at);
    }
  },
  affineRows({ x, y, rows, channels, rowsPerTask, center, scale, shift, floor }, task) {
    const [first, end] = share(task, rowsPerTask, rows);
    for (let i = first * channels; i < end * channels; i++) {
      const c = i % channels;
      const value = (x[i] - center[c]) * scale[c] + shift[c];
      y[i] = Math.max(value, floor);
    }
  },
  affinePlanes({ x, y, outer, channels, inner, planesPerTask, center, scale, shift }, task) {
    const [first, end] = share(task, planesPerTask, outer * channels);
    for (let i = first * inner; i < end * inner; i++) {
      const c = Math.floor(i / inner) % channels;
      y[i] = (x[i] - center[c]) * scale[c] + shift[c];
    }
  },
  gradSumsRows({ x, dy, rows, channels, rowsPerTask, center, sumDy, sumDyX, scale, shift }, task) {
    const [first, end] = share(task, rowsPerTask, rows);
    for (let c = 0; c < channels; c++) {
      let s = 0;
      let t = 0;
      for (let r = first; r < end; r++) {
        const difference = x[r * channels + c] - center[c];
        const grad = passes(difference, scale, shift, c) ? dy[r * channels + c] : 0;
        s += grad;
        t += grad * difference;
      }
      sumDy[task * channels + c] = s;
      sumDyX[task * channels + c] = t;
    }
  },
  gradSumsPlanes({ x, dy, outer, channels, inner, channelsPerTask, center, sumDy, sumDyX }, task) {
    const [first, end] = share(task, channelsPerTask, channels);
    for (let c = first; c < end; c++) {
      let s = 0;
      let t = 0;
      for (let n = 0; n < outer; n++) {
        for (let i = (n * channels + c) * inner; i < (n * channels + c + 1) * inner; i++) {
          s += dy[i];
          t += dy[i] * (x[i] - center[c]);
        }
      }
      sumDy[c] = s;
      sumDyX[c] = t;
    }
  },
  gradInputRows({ x, dy, dx, rows, channels, rowsPerTask, center, a, b, c: constant, scale, shift }, task) {
    const [first, end] = share(task, rowsPerTask, rows);
    for (let i = first * channels; i < end * channels; i++) {
      const c = i % channels;
      const difference = x[i] - center[c];
      const grad = passes(difference, scale, shift, c) ? dy[i] : 0;
      // Not 0 times a difference that may be infinite.
      dx[i] = b.length ? grad * a[c] + (difference * b[c] + constant[c]) : grad * a[c];
    }
  },
  gradInputPlanes({ x, dy, dx, outer, channels, inner, planesPerTask, center, a, b, c: constant }, task) {
    const [first, end] = share(task, planesPerTask, outer * channels);
    for (let i = first * inner; i < end * inner; i++) {
      const c = Math.floor(i / inner) % channels;
      dx[i] = dy[i] * a[c] + ((x[i] - center[c]) * b[c] + constant[c]);
    }
  },
  gemm({ a, b, c, bias, m, n, k, transposeA, transposeB, panelsPerTask }, task) {
    const [first, end] = share(task, limits.panel * panelsPerTask, n);
    for (let i = 0; i < m; i++) {
      for (let j = first; j < end; j++) {
        let sum = bias.length ? bias[j] : 0;
        for (let l = 0; l < k; l++) {
          sum += a[transposeA ? l * m + i : i * k + l] * b[transposeB ? j * k + l : l * n + j];
        }
        c[i * n + j] = sum;
      }
    }
  },
  ...imageReference(limits),
  ...winogradReference(limits),
  ...statisticsReference,
  sumRows({ x, rows, channels, channelsPerTask, sum }, task) {
    const [first, end] = share(task, channelsPerTask, channels);
    for (let c = first; c < end; c++) {
      let s = 0;
      for (let r = 0; r < rows; r++) s += x[r * channels + c];
      sum[c] = s;
    }
  },
  sigmoid: map((x) => 1 / (1 + Math.exp(-x))),
  sigmoidGrad: mapGrad((y) => y * (1 - y)),
  tanh: map(Math.tanh),
  tanhGrad: mapGrad((y) => 1 - y * y),
  relu: map((x) => Math.max(0, x)),
  reluGrad({ y, dy, dx, count, perTask }, task) {
    const [first, end] = share(task, perTask, count);
    for (let i = first; i < end; i++) dx[i] = y[i] > 0 ? dy[i] : 0;
  },
  dropout({ x, y, count, perTask, key, first: before, limit, scale }, task) {
    const [first, end] = share(task, perTask, count);
    for (let i = first; i < end; i++) y[i] = hash(before[0] + i, key[0]) >= limit ? x[i] * scale : 0;
  },
  softmaxCrossEntropy({ logits, labels, grad, loss, correct, rows, classes, rowsPerTask, gradScale }, task) {
    const [first, end] = share(task, rowsPerTask, rows);
    for (let r = first; r < end; r++) {
      const row = Float64Array.from(logits.subarray(r * classes, (r + 1) * classes));
      const p = softmax(row);
      const best = row.reduce((a, b) => Math.max(a, b));
      let sum = 0;
      for (const v of row) sum += Math.exp(v - best);
      loss[r] = Math.log(sum) + best - row[labels[r]];
      correct[r] = firstLargest(row) === labels[r] && !row.some(Number.isNaN) ? 1 : 0;
      for (let c = 0; c < classes; c++) grad[r * classes + c] = (p[c] - (c === labels[r] ? 1 : 0)) * gradScale[0];
    }
  },
  squaredError({ y, target, grad, loss, count, perTask, gradScale }, task) {
    const [first, end] = share(task, perTask, count);
    loss[task] = 0;
    for (let i = first; i < end; i++) {
      loss[task] += (y[i] - target[i]) ** 2;
      grad[i] = 2 * (y[i] - target[i]) * gradScale[0];
    }
  },
  sgd({ weight, grad, velocity, count, perTask, lr, momentum, weightDecay, nesterov }, task) {
    const [first, end] = share(task, perTask, count);
    for (let i = first; i < end; i++) {
      const g = grad[i] + weightDecay * weight[i];
      let step = g;
      if (velocity.length) {
        velocity[i] = momentum * velocity[i] + g;
        step = nesterov ? g + momentum * velocity[i] : velocity[i];
      }
      weight[i] -= lr[0] * step;
    }
  },
  adam({ weight, grad, m, v, count, perTask, step, beta1, beta2, correction, eps, weightDecay, shrink }, task) {
    const [first, end] = share(task, perTask, count);
    for (let i = first; i < end; i++) {
      const g = grad[i] + weightDecay * weight[i];
      m[i] = beta1 * m[i] + (1 - beta1) * g;
      v[i] = beta2 * v[i] + (1 - beta2) * g * g;
      weight[i] = shrink[0] * weight[i] - (step[0] * m[i]) / (Math.sqrt(v[i]) * correction[0] + eps);
    }
  },
  gatherBytes({ from, indices, to, rows, width, rowsPerTask, scale }, task) {
    const [first, end] = share(task, rowsPerTask, rows);
    for (let r = first; r < end; r++) {
      for (let i = 0; i < width; i++) to[r * width + i] = from[indices[r] * width + i] * scale;
    }
  },
  gatherFloats({ from, indices, to, rows, width, rowsPerTask }, task) {
    const [first, end] = share(task, rowsPerTask, rows);
    for (let r = first; r < end; r++) {
      for (let i = 0; i < width; i++) to[r * width + i] = from[indices[r] * width + i];
    }
  },
});

/** Whether a ReLU after the normalization, if there is one, let a value pass. */
function passes(difference: number, scale: Float32Array, shift: Float32Array, channel: number): boolean {
  return scale.length === 0 || difference * scale[channel] + shift[channel] > 0;
}

/** The index of the largest value; of the first of them where several are. */
function firstLargest(row: Float64Array): number {
  let best = 0;
  for (let c = 1; c < row.length; c++) if (row[c] > row[best]) best = c;
  return best;
}
