/** Pooling of images, [n, h, w, channels], and what puts tensors together. */
import type { Family, Numbers } from "./row.ts";

const pooling = {
  x: "f32* [n, h, w, channels]; or 0 for averagePoolGrad",
  y: "f32* [n, oh, ow, channels]; or 0 for averagePoolGrad",
  dy: "f32*: as y; or 0 forwards",
  dx: "f32*: as x; or 0 forwards",
  n: "i32",
  h: "i32",
  w: "i32",
  oh: "i32",
  ow: "i32",
  channels: "i32",
  kh: "i32",
  kw: "i32",
  strideTop: "i32",
  strideLeft: "i32",
  padTop: "i32",
  padLeft: "i32",
  countPadding: "i32: 1: an average divides by kh·kw at the border too, instead of by the pixels there are",
  imagesPerTask: "i32",
} as const;

const input = ({ n, h, w, channels }: Numbers) => 4 * n * h * w * channels;
const output = ({ n, oh, ow, channels }: Numbers) => 4 * n * oh * ow * channels;

export const images = {
  maxPool: {
    struct: "Pool",
    args: pooling,
    writes: { y: () => 0 },
    bytes: (n) => input(n) + output(n),
  },
  maxPoolGrad: {
    struct: "Pool",
    args: pooling,
    writes: { dx: (most) => 1e-6 * most },
    bytes: (n) => 2 * input(n) + 2 * output(n),
  },
  averagePool: {
    struct: "Pool",
    args: pooling,
    writes: { y: (most) => 1e-6 * most },
    bytes: (n) => input(n) + output(n),
  },
  averagePoolGrad: {
    struct: "Pool",
    args: pooling,
    writes: { dx: (most) => 1e-6 * most },
    bytes: (n) => input(n) + output(n),
  },
  addition: {
    struct: "Add",
    args: {
      a: "f32* [count]",
      b: "f32* [count]",
      sum: "f32* [count]: max(a + b, floor); may be a or b",
      floor: "f32",
      count: "i32",
      perTask: "i32: a multiple of 4",
    },
    writes: { sum: (most) => 1e-7 * most },
    bytes: ({ count }) => 12 * count,
    flops: ({ count }) => count,
  },
  copyColumns: {
    struct: "CopyColumns",
    args: {
      from: "f32* [rows, fromWidth]: the first column to copy is at this address",
      to: "f32* [rows, toWidth]: the first column to write is at this address",
      rows: "i32",
      columns: "i32",
      fromWidth: "i32",
      toWidth: "i32",
      rowsPerTask: "i32",
    },
    writes: { to: () => 0 },
    bytes: ({ rows, columns }) => 8 * rows * columns,
  },
} as const satisfies Family;
