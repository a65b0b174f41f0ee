import { Random } from "batchnorm";
import type { Shift } from "./spec.ts";

/** Of an image whose colours lie side by side. */
export type ImageShape = readonly [height: number, width: number, channels: number];

/**
 * Images as another camera, or another light, would have given them: bytes again, rounded, and none beyond 0 and 255.
 *
 * @param images  [n, ...shape], 0 to 255; not changed
 * @param seed    of the noise, which is another one for every image
 */
export function shifted(images: Uint8Array, shape: ImageShape, { name, amount }: Shift, seed: number): Uint8Array {
  switch (name) {
    case "contrast":
      return contrast(images, shape, amount);
    case "brightness":
      return bytes(images.length, (at) => images[at] + amount);
    case "noise": {
      const random = new Random(seed);
      return bytes(images.length, (at) => images[at] + amount * random.normal());
    }
    case "blur":
      return blur(images, shape, amount);
  }
}

/** Every value moves towards the mean of its image and colour. */
function contrast(images: Uint8Array, [height, width, channels]: ImageShape, factor: number): Uint8Array {
  const pixels = height * width;
  const sums = new Float64Array(images.length / pixels);
  const group = (at: number) => Math.floor(at / (pixels * channels)) * channels + (at % channels);
  for (let at = 0; at < images.length; at++) sums[group(at)] += images[at];
  return bytes(images.length, (at) => {
    const mean = sums[group(at)] / pixels;
    return mean + factor * (images[at] - mean);
  });
}

/** Beyond its edge an image goes on as it is there. */
function blur(images: Uint8Array, [height, width, channels]: ImageShape, deviation: number): Uint8Array {
  const weights = gaussian(deviation);
  const size = height * width * channels;
  const result = new Uint8ClampedArray(images.length);
  for (let from = 0; from < images.length; from += size) {
    const rows = smooth(images.subarray(from, from + size), width, channels, weights);
    result.set(smooth(rows, height, width * channels, weights), from);
  }
  return new Uint8Array(result.buffer);
}

/** The weights of a Gaussian up to three standard deviations to both sides, with sum 1. */
function gaussian(deviation: number): Float64Array {
  const reach = Math.ceil(3 * deviation);
  const weights = Float64Array.from({ length: 2 * reach + 1 }, (_, at) => {
    return Math.exp(-((at - reach) ** 2) / (2 * deviation * deviation));
  });
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

/** Weighted means along the middle axis of [..., length, inner]. */
function smooth(values: ArrayLike<number>, length: number, inner: number, weights: Float64Array): Float64Array {
  const reach = (weights.length - 1) / 2;
  const result = new Float64Array(values.length);
  for (let at = 0; at < values.length; at++) {
    const place = Math.floor(at / inner) % length;
    for (let offset = -reach; offset <= reach; offset++) {
      const other = Math.min(length - 1, Math.max(0, place + offset));
      result[at] += weights[offset + reach] * values[at + (other - place) * inner];
    }
  }
  return result;
}

/** Rounds each value, and stops at 0 and 255. */
function bytes(length: number, value: (at: number) => number): Uint8Array {
  const result = new Uint8ClampedArray(length);
  for (let at = 0; at < length; at++) result[at] = value(at);
  return new Uint8Array(result.buffer);
}
