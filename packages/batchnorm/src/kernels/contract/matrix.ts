/** Kernels of linear layers and losses. */
import { type Family, type Numbers, ofSums } from "./row.ts";

const ofSoftmax = ({ classes }: Numbers) => 1e-6 + 1e-7 * Math.sqrt(classes);

export const matrix = {
  gemm: {
    struct: "Gemm",
    args: {
      a: "f32* [m, k], or [k, m] when transposeA",
      b: "f32* [k, n], or [n, k] when transposeB",
      c: "f32* [m, n]: a·b + bias",
      bias: "f32* [n], or 0 for none",
      m: "i32",
      n: "i32",
      k: "i32",
      transposeA: "i32: 1 or 0",
      transposeB: "i32: 1 or 0",
      panelsPerTask: "i32: panels of columns, at most `gemmPanels`",
    },
    writes: { c: (most, { k }) => ofSums(k, most) },
    bytes: ({ m, n, k }) => 4 * (m * k + k * n + m * n),
    flops: ({ m, n, k }) => 2 * m * n * k,
  },
  sumRows: {
    struct: "SumRows",
    args: {
      x: "f32* [rows, channels]",
      rows: "i32",
      channels: "i32",
      channelsPerTask: "i32: a multiple of 4",
      sum: "f32* [channels]",
    },
    writes: { sum: (most, { rows }) => ofSums(rows, most) },
    bytes: ({ rows, channels }) => 4 * rows * channels,
    flops: ({ rows, channels }) => rows * channels,
  },
  softmaxCrossEntropy: {
    struct: "SoftmaxCrossEntropy",
    args: {
      logits: "f32* [rows, classes]",
      labels: "i32* [rows]",
      grad: "f32* [rows, classes]: (softmax − one hot)·gradScale",
      loss: "f64* [rows]",
      correct: "i32* [rows]: 1 or 0",
      rows: "i32",
      classes: "i32",
      rowsPerTask: "i32",
      gradScale: "f32* [1]",
    },
    writes: {
      grad: (_most, n) => ofSoftmax(n) * n.gradScale,
      loss: (most, n) => ofSoftmax(n) * Math.max(1, most),
      correct: () => 0,
    },
    bytes: ({ rows, classes }) => 8 * rows * classes,
  },
  squaredError: {
    struct: "SquaredError",
    args: {
      y: "f32* [count]",
      target: "f32* [count]",
      grad: "f32* [count]: 2·(y − target)·gradScale",
      loss: "f64* [tasks]: Σ (y − target)²",
      count: "i32",
      perTask: "i32: a multiple of 4",
      gradScale: "f32* [1]",
    },
    writes: { grad: (most) => 4e-7 * most, loss: (most) => 1e-6 * most },
    bytes: ({ count }) => 12 * count,
    flops: ({ count }) => 4 * count,
  },
} as const satisfies Family;
