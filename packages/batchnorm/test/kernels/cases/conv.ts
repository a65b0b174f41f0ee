/** Convolution kernels. */
import { normals } from "../../support/data.ts";
import type { KernelSpec, Numbers } from "../../support/kernel.ts";
import { floats, labelled, tasksFor } from "./sizes.ts";

/** Odd sizes, strides, paddings and groups: [n, h, w, ci, co, groups, kh, kw, stride, padTop, padLeft]. */
const SHAPES = [
  [1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0],
  [2, 5, 7, 3, 9, 1, 3, 3, 1, 1, 1],
  [1, 4, 33, 5, 8, 1, 3, 3, 1, 1, 1],
  [3, 6, 5, 4, 16, 1, 1, 1, 1, 0, 0],
  [2, 9, 8, 4, 12, 1, 3, 3, 2, 1, 1],
  [1, 8, 9, 2, 3, 1, 5, 3, 3, 2, 0],
  [2, 7, 6, 1, 1, 5, 3, 3, 1, 1, 1],
  [1, 7, 6, 3, 4, 3, 3, 2, 2, 0, 1],
  [2, 6, 31, 8, 31, 1, 7, 7, 2, 3, 3],
  [1, 5, 4, 32, 33, 1, 3, 3, 1, 2, 2],
] as const;

interface Layout {
  sizes: Numbers;
  /** Values of the input, of the panels, of the output. */
  counts: { x: number; panels: number; y: number };
  bands: number;
  seed: number;
}

/** Every shape with bands of 1 and of 3 rows, and with few and many columns laid out at once. */
function* layouts(): Generator<Layout> {
  let seed = 1;
  for (const [n, h, w, ci, co, groups, kh, kw, stride, padTop, padLeft] of SHAPES) {
    const oh = Math.floor((h + 2 * padTop - kh) / stride) + 1;
    const ow = Math.floor((w + 2 * padLeft - kw) / stride) + 1;
    for (const [rows, columns] of [
      [1, 4],
      [3, Math.ceil(ow / 4) * 4],
    ]) {
      const bands = n * Math.ceil(oh / rows);
      const shape = { n, h, w, ci, oh, ow, co, groups, kh, kw, stride, padTop, padLeft };
      const cut = { columns, rows, bandsPerTask: Math.ceil(bands / 3) };
      const y = { yh: oh, yw: ow, yTop: 0, yLeft: 0, yStep: 1 };
      const counts = {
        x: n * h * w * groups * ci,
        panels: groups * Math.ceil(co / 8) * kh * kw * ci * 8,
        y: n * oh * ow * groups * co,
      };
      const floor = seed % 3 ? Number.NEGATIVE_INFINITY : 0;
      yield { sizes: { ...shape, ...y, ...cut, floor }, counts, bands, seed: seed++ };
    }
  }
}

/** Whether a value of x lies under the kernel of an output pixel, in the output channel's group. */
function under(args: Numbers, index: number, at: number): boolean {
  const { h, w, ci, oh, ow, co, groups, kh, kw, stride, padTop, padLeft } = args;
  const pixel = Math.floor(index / (groups * ci));
  const out = Math.floor(at / (groups * co));
  const row = (Math.floor(pixel / w) % h) - ((Math.floor(out / ow) % oh) * stride - padTop);
  const column = (pixel % w) - ((out % ow) * stride - padLeft);
  const group = Math.floor((index % (groups * ci)) / ci) === Math.floor((at % (groups * co)) / co);
  const image = Math.floor(pixel / (h * w)) === Math.floor(out / (oh * ow));
  return group && image && row >= 0 && row < kh && column >= 0 && column < kw;
}

export const conv: KernelSpec = {
  inputs: ["x", "bias"],
  // What is laid out beside the image is zeros, and zero times infinity is not.
  apart: ["weight"],
  *cases() {
    for (const { sizes, counts, bands, seed } of layouts()) {
      const bias = seed % 2 ? normals(seed, sizes.groups * sizes.co) : null;
      const weight = normals(seed + 100, counts.panels);
      const args = { x: normals(seed + 200, counts.x), weight, bias, y: floats(counts.y), ...sizes };
      yield labelled(args, tasksFor(bands, sizes.bandsPerTask));
    }
    // Every third row and column of a larger output, and no taps at all: the bias.
    for (const kh of [2, 0]) {
      const shape = { n: 2, h: 4, w: 5, ci: 3, oh: 3, ow: 4, co: 9, groups: 1, kh, kw: kh, stride: 1 };
      const place = { padTop: -1, padLeft: 0, yh: 9, yw: 13, yTop: 1, yLeft: 2, yStep: 3 };
      const sizes = { ...shape, ...place, columns: 4, rows: 2, bandsPerTask: 1, floor: -0.5 };
      const values = { x: normals(7, 120), weight: normals(8, 2 * kh * kh * 24 + 1), bias: normals(9, 9) };
      yield labelled({ ...values, y: new Float32Array(2 * 9 * 13 * 9), ...sizes }, 4);
    }
  },
  reaches(args, input, index, _out, at) {
    if (args.yStep !== 1) return true;
    return input === "bias" ? at % (args.groups * args.co) === index : under(args, index, at);
  },
  cut: { argument: "bandsPerTask", unit: 1, count: ({ n, oh, rows }) => n * Math.ceil(oh / rows) },
};

export const convGradWeight: KernelSpec = {
  inputs: [],
  apart: ["x", "y", "bias"],
  *cases() {
    for (const { sizes, counts, bands, seed } of layouts()) {
      const tasks = tasksFor(bands, sizes.bandsPerTask);
      const weight = floats(tasks * sizes.groups * sizes.kh * sizes.kw * sizes.ci * sizes.co);
      const values = { x: normals(seed + 300, counts.x), weight, bias: null, y: normals(seed + 400, counts.y) };
      yield labelled({ ...values, ...sizes }, tasks);
    }
  },
  reaches: () => true,
};

function* weights(): Generator<Numbers> {
  for (const [groups, co, ci, kh, kw] of [
    [1, 1, 1, 1, 1],
    [1, 9, 3, 3, 3],
    [3, 4, 5, 3, 2],
    [1, 33, 8, 5, 5],
    [4, 1, 1, 3, 3],
    [1, 31, 32, 3, 3],
  ]) {
    yield { groups, co, ci, kh, kw };
  }
}

export const packConv: KernelSpec = {
  inputs: [],
  apart: ["weight"],
  *cases() {
    for (const kernel of weights()) {
      const { groups, co, ci, kh, kw } = kernel;
      const weight = normals(co + ci, groups * co * ci * kh * kw);
      for (const [turn, tapTop, tapLeft, tapStep] of [
        [0, 0, 0, 1],
        [1, 0, 0, 1],
        [1, 0, 1, 2],
        [1, 1, 0, 2],
      ]) {
        if (tapTop >= kh || tapLeft >= kw) continue;
        const tasks = groups * Math.ceil((turn ? ci : co) / 8);
        const taps = Math.ceil((kh - tapTop) / tapStep) * Math.ceil((kw - tapLeft) / tapStep);
        const panels = floats(tasks * 8 * taps * (turn ? co : ci));
        yield labelled({ weight, panels, ...kernel, turn, tapTop, tapLeft, tapStep }, tasks);
      }
    }
  },
  reaches: () => true,
};

export const convGradMerge: KernelSpec = {
  inputs: [],
  apart: ["sums"],
  *cases() {
    for (const kernel of weights()) {
      const { groups, co, ci, kh, kw } = kernel;
      for (const parts of [1, 3, 8]) {
        const size = groups * co * ci * kh * kw;
        const sums = normals(size, parts * size);
        yield labelled({ sums, parts, grad: floats(size), ...kernel }, groups * Math.ceil(co / 4));
      }
    }
  },
  reaches: () => true,
};
