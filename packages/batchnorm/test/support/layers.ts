/** What tests of layers have in common. */
import { type BatchNorm, type StateDict, type Tensor, tensor } from "batchnorm";
import { expect } from "vitest";
import { digest, largest, largestDifference, normals, sameBytes } from "./data.ts";
import type { Layout } from "./paper.ts";

export function gaussianTensor(seed: number, shape: readonly number[], mean = 0, std = 1): Tensor {
  const size = shape.reduce((a, b) => a * b, 1);
  return tensor(normals(seed, size, mean, std), shape);
}

/** Within a share of the largest magnitude. */
export function expectNear(got: ArrayLike<number>, want: ArrayLike<number>, share: number, what = ""): void {
  expect(largestDifference(got, want), what).toBeLessThanOrEqual(share * Math.max(largest(want), 1e-30));
}

/** Bit for bit. */
export function expectSame(got: ArrayBufferView, want: ArrayBufferView, what = ""): void {
  expect(sameBytes(got, want), what).toBe(true);
}

/** gamma and beta that are nobody's defaults. */
export function setAffine(bn: BatchNorm, seed = 99): { gamma: Float32Array; beta: Float32Array } {
  const gamma = normals(seed, bn.numFeatures, 1, 0.3);
  const beta = normals(seed + 1, bn.numFeatures);
  bn.weight?.data.set(gamma);
  bn.bias?.data.set(beta);
  return { gamma, beta };
}

/** Everything of a layer that a call might change. */
export function snapshot(layer: { stateDict(): StateDict }): string {
  const entries = Object.entries(layer.stateDict());
  return JSON.stringify(entries.map(([name, { shape, data }]) => [name, shape, digest(data)]));
}

/** Values of [outer, channels, inner] in the order of [outer, inner, channels]. */
export function channelsLast(values: ArrayLike<number>, { outer, channels, inner }: Layout): Float32Array {
  const result = new Float32Array(values.length);
  for (let n = 0; n < outer; n++) {
    for (let c = 0; c < channels; c++) {
      for (let i = 0; i < inner; i++) {
        result[(n * inner + i) * channels + c] = values[(n * channels + c) * inner + i];
      }
    }
  }
  return result;
}

/** Values of one channel of [outer, channels, inner]. */
export function channel(values: ArrayLike<number>, layout: Layout, c: number): number[] {
  return Array.from(values).filter((_, i) => Math.floor(i / layout.inner) % layout.channels === c);
}
