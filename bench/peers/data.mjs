// @ts-check
// The same numbers in every peer, JavaScript or Python (peers/pytorch.py has the same hash), so that their results
// can be compared before their speed is.

/** @type {Map<string, Float32Array<ArrayBuffer>>} */
const kept = new Map();

/** Murmur3's finalizer. @param {number} i @param {number} salt @returns an integer in [0, 2³²) */
function hash(i, salt) {
  let h = Math.imul(i + Math.imul(salt, 40503), 0x9e3779b1);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/**
 * `length` float32 values, uniform in [-scale, scale). The same array is handed out each time: do not write to it.
 *
 * @param {number} length
 * @param {number} salt     another salt gives other numbers
 * @param {number} [scale]
 */
export function values(length, salt, scale = 1) {
  const key = `${length}/${salt}/${scale}`;
  let array = kept.get(key);
  if (!array) {
    array = new Float32Array(length);
    for (let i = 0; i < length; i++) array[i] = (hash(i, salt) / 2 ** 31 - 1) * scale;
    kept.set(key, array);
  }
  return array;
}

/** `length` class labels in [0, 10). @param {number} length @param {number} salt */
export function labels(length, salt) {
  return Int32Array.from({ length }, (_, i) => hash(i, salt) % 10);
}

/** 0/1 pixels, as binarized MNIST has them. @param {number} length @param {number} salt */
export function pixels(length, salt) {
  return Float32Array.from({ length }, (_, i) => hash(i, salt) & 1);
}

/** Eight places spread over a tensor. @param {number} length */
export function places(length) {
  return Array.from({ length: 8 }, (_, k) => Math.floor((k * (length - 1)) / 7));
}

/** The values at `places`. @param {ArrayLike<number>} array */
export function sample(array) {
  return places(array.length).map((i) => array[i]);
}

/** γ of a batch norm case. @param {number} channels */
export function gammas(channels) {
  return values(channels, 3).map((v) => 1 + v / 2);
}

/** β of a batch norm case. @param {number} channels */
export function betas(channels) {
  return values(channels, 4);
}

/** Running mean of a trained batch norm. @param {number} channels */
export function runningMeans(channels) {
  return values(channels, 5);
}

/** Running variance of a trained batch norm, about that of He's weights. @param {number} channels */
export function runningVariances(channels) {
  return values(channels, 6).map((v) => 2 + v);
}

/** Training batches that a training case goes round. */
export const batchCount = 16;

/**
 * The training case: its weights ([out, in], no bias but the last layer's, which starts at 0) and its batches.
 *
 * @param {{ shape: number[], batch?: number }} c
 */
export function trainingData(c) {
  const { shape: widths, batch = 60 } = c;
  return {
    weights: widths.slice(1).map((out, l) => values(out * widths[l], 10 + l, Math.sqrt(3 / widths[l]))),
    batches: Array.from({ length: batchCount }, (_, b) => ({
      x: pixels(batch * widths[0], 100 + b),
      labels: labels(batch, 200 + b),
    })),
  };
}

/**
 * The i-th matrix or kernel of a network: uniform, with He's variance.
 *
 * @param {readonly number[]} shape  [out, ...] as PyTorch's
 * @param {number} i
 */
export function weights(shape, i) {
  const fan = shape.slice(1).reduce((a, b) => a * b, 1);
  return values(shape[0] * fan, 400 + i, Math.sqrt(6 / fan));
}

/** Batches of images that a case goes round: larger than those of MNIST, so fewer. */
const imageBatchCount = 4;

/** @param {{ shape: number[] }} c @param {number} batch  images, [H, W, C] each, one after the other */
export function imageBatches({ shape: [h, w, channels] }, batch) {
  return Array.from({ length: imageBatchCount }, (_, b) => ({
    x: values(batch * h * w * channels, 500 + b),
    labels: labels(batch, 600 + b),
  }));
}
