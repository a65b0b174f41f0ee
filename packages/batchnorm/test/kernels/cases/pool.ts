/** Kernels of pooling, and those that put tensors together. */
import { normals } from "../../support/data.ts";
import type { KernelSpec, Numbers } from "../../support/kernel.ts";
import { floats, inThree, labelled, pairs, SIZES, tasksFor } from "./sizes.ts";

/** [n, h, w, channels, kh, kw, strideTop, strideLeft, padTop, padLeft] */
const SHAPES = [
  [1, 1, 1, 1, 1, 1, 1, 1, 0, 0],
  [3, 6, 8, 5, 2, 2, 2, 2, 0, 0],
  [4, 7, 5, 16, 3, 3, 1, 1, 1, 1],
  [2, 9, 9, 3, 3, 2, 2, 2, 1, 1],
  [5, 8, 8, 33, 8, 8, 1, 1, 0, 0],
  [3, 5, 4, 4, 3, 3, 3, 3, 1, 1],
  [2, 9, 7, 6, 2, 3, 1, 2, 1, 0],
  [3, 4, 11, 4, 3, 2, 3, 1, 0, 1],
  [1, 13, 3, 31, 2, 1, 5, 1, 0, 0],
] as const;

/** Values of which few are equal, or of which many are. */
function valuesOf(seed: number, count: number, ties: boolean): Float32Array {
  const values = normals(seed, count);
  return ties ? values.map((v) => Math.round(v)) : values;
}

function pool(kind: "forward" | "backward", inputs: readonly string[]): KernelSpec {
  const out = kind === "forward" ? "y" : "dx";
  return {
    inputs,
    // The other direction's, or compared for equality alone.
    apart: ["x", "y", "dy", "dx"].filter((array) => array !== out && !inputs.includes(array)),
    *cases() {
      let seed = 1;
      for (const [n, h, w, channels, kh, kw, strideTop, strideLeft, padTop, padLeft] of SHAPES) {
        const oh = Math.floor((h + 2 * padTop - kh) / strideTop) + 1;
        const ow = Math.floor((w + 2 * padLeft - kw) / strideLeft) + 1;
        const imagesPerTask = inThree(n);
        for (const countPadding of [0, 1]) {
          const x = valuesOf(seed++, n * h * w * channels, countPadding === 1);
          const y = kind === "forward" ? floats(n * oh * ow * channels) : largest(x, n, h, w, channels, oh, ow);
          const grads = { dy: normals(seed++, n * oh * ow * channels), dx: floats(n * h * w * channels) };
          const window = { kh, kw, strideTop, strideLeft, padTop, padLeft, countPadding };
          const sizes = { n, h, w, oh, ow, channels, ...window, imagesPerTask };
          yield labelled({ x, y, ...grads, ...sizes }, tasksFor(n, imagesPerTask));
        }
      }
    },
    reaches(args, _input, index, _out, at) {
      return kind === "forward" ? inWindow(args, index, at) : inWindow(args, at, index);
    },
    cut: { argument: "imagesPerTask", unit: 1, count: ({ n }) => n },
  };
}

/** Some value of every image and channel for every output pixel: a gradient may meet its place, or none. */
function largest(x: Float32Array, n: number, h: number, w: number, channels: number, oh: number, ow: number) {
  return new Float32Array(n * oh * ow * channels).map((_, i) => {
    const image = Math.floor(i / (oh * ow * channels));
    return x[(image * h * w + (i % (h * w))) * channels + (i % channels)];
  });
}

function inWindow(args: Numbers, input: number, output: number) {
  const { h, w, oh, ow, channels, kh, kw, strideTop, strideLeft, padTop, padLeft } = args;
  const [pixel, out] = [Math.floor(input / channels), Math.floor(output / channels)];
  const row = (Math.floor(pixel / w) % h) - ((Math.floor(out / ow) % oh) * strideTop - padTop);
  const column = (pixel % w) - ((out % ow) * strideLeft - padLeft);
  const image = Math.floor(pixel / (h * w)) === Math.floor(out / (oh * ow));
  return image && input % channels === output % channels && row >= 0 && row < kh && column >= 0 && column < kw;
}

export const maxPool = pool("forward", ["x"]);
export const maxPoolGrad = pool("backward", []);
export const averagePool = pool("forward", ["x"]);
export const averagePoolGrad = pool("backward", ["dy"]);

export const addition: KernelSpec = {
  inputs: ["a", "b"],
  inPlace: [
    ["sum", "a"],
    ["sum", "b"],
  ],
  *cases() {
    for (const count of [...SIZES, 64, 127, 1000, 1001]) {
      const perTask = inThree(count, 4);
      const values = { a: normals(count, count), b: normals(count + 1, count), sum: floats(count) };
      for (const floor of [Number.NEGATIVE_INFINITY, 0]) {
        yield labelled({ ...values, floor, count, perTask }, tasksFor(count, perTask));
      }
    }
  },
  reaches: (_args, _input, index, _out, at) => index === at,
  cut: { argument: "perTask", unit: 4, count: ({ count }) => count },
};

export const copyColumns: KernelSpec = {
  inputs: ["from"],
  *cases() {
    for (const [rows, columns] of pairs()) {
      const [fromWidth, toWidth] = [columns + (rows % 3), columns + (columns % 4)];
      const rowsPerTask = inThree(rows);
      const values = { from: normals(rows, rows * fromWidth), to: new Float32Array(rows * toWidth) };
      yield labelled({ ...values, rows, columns, fromWidth, toWidth, rowsPerTask }, tasksFor(rows, rowsPerTask));
    }
  },
  reaches: ({ fromWidth, toWidth }, _input, index, _out, at) =>
    Math.floor(index / fromWidth) === Math.floor(at / toWidth) && index % fromWidth === at % toWidth,
  cut: { argument: "rowsPerTask", unit: 1, count: ({ rows }) => rows },
};
