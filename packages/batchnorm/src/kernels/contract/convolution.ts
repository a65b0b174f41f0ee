/** Convolution of images, [n, h, w, channels]. `panel` is the build's width of a panel: see limits.ts. */
import { type Family, type Numbers, ofSums } from "./row.ts";

/** Of the direct kernels. */
const sizes = {
  n: "i32",
  h: "i32",
  w: "i32",
  ci: "i32: of one group",
  oh: "i32",
  ow: "i32",
  co: "i32: of one group",
  groups: "i32",
  kh: "i32: 0 where no tap is left: the output is the bias",
  kw: "i32",
  stride: "i32",
  padTop: "i32: may be negative: the first rows are skipped",
  padLeft: "i32",
  yh: "i32",
  yw: "i32",
  yTop: "i32: output pixel (i, j) is row yTop + i·yStep, column yLeft + j·yStep of y",
  yLeft: "i32",
  yStep: "i32",
  columns: "i32: output pixels laid out at once, a multiple of `blockRows`",
  rows: "i32: output rows of a band",
  bandsPerTask: "i32",
  floor: "f32: what is below becomes it: 0 for a ReLU, −∞ for none; not used by convGradWeight",
} as const;

/** Of Winograd's: a tile is 4×4 of the output, a segment so many tiles of one row of tiles. */
const tiled = {
  n: "i32",
  h: "i32",
  w: "i32",
  ci: "i32: a multiple of 4",
  oh: "i32",
  ow: "i32",
  co: "i32: a multiple of `panel`",
  padTop: "i32",
  padLeft: "i32",
  segmentTiles: "i32: one, or what `winogradSegment` allows",
  segmentsPerTask: "i32",
} as const;

const directFlops = ({ n, oh, ow, co, groups, kh, kw, ci }: Numbers) => 2 * n * oh * ow * co * groups * kh * kw * ci;
const directBytes = ({ n, h, w, ci, oh, ow, co, groups }: Numbers) => 4 * n * groups * (h * w * ci + oh * ow * co);
const tiledBytes = ({ n, h, w, ci, oh, ow, co }: Numbers) => 4 * n * (h * w * ci + oh * ow * co);
/** Only of the 36 products: two in four of what a direct convolution does. */
const tiledFlops = ({ n, oh, ow, ci, co }: Numbers) => 72 * n * Math.ceil(oh / 4) * Math.ceil(ow / 4) * ci * co;

export const convolution = {
  packConv: {
    struct: "PackConv",
    args: {
      weight: "f32* [groups·co, ci, kh, kw]",
      panels: "f32* [groups, ⌈co/panel⌉, kh, kw, ci, panel], or with `turn` [groups, ⌈ci/panel⌉, taps, co, panel]",
      groups: "i32",
      co: "i32",
      ci: "i32",
      kh: "i32",
      kw: "i32",
      turn: "i32: 1: channels exchanged, taps from the last to the first",
      tapTop: "i32: the first tap that is taken, of rows and of columns",
      tapLeft: "i32",
      tapStep: "i32",
    },
    writes: { panels: () => 0 },
  },
  conv: {
    struct: "Conv",
    args: {
      x: "f32* [n, h, w, groups·ci]",
      weight: "f32* [groups, ⌈co/panel⌉, kh, kw·ci, panel], see packConv",
      bias: "f32* [groups·co], or 0",
      y: "f32* [n, yh, yw, groups·co]",
      ...sizes,
    },
    writes: { y: (most, { ci, kh, kw }) => ofSums(ci * kh * kw, most) },
    bytes: directBytes,
    flops: directFlops,
  },
  convGradWeight: {
    struct: "Conv",
    args: {
      x: "f32* [n, h, w, groups·ci]",
      weight: "f32* [tasks, groups, kh, kw·ci, co]: where the sums go",
      bias: "f32*: not used",
      y: "f32* [n, oh, ow, groups·co]: the gradient of the output",
      ...sizes,
    },
    writes: { weight: (most, { n, oh, ow }) => ofSums(n * oh * ow, most) },
    bytes: directBytes,
    flops: directFlops,
  },
  convGradMerge: {
    struct: "ConvGradMerge",
    args: {
      sums: "f32* [parts, groups, kh, kw·ci, co]",
      parts: "i32",
      grad: "f32* [groups·co, ci, kh, kw]",
      groups: "i32",
      co: "i32",
      ci: "i32",
      kh: "i32",
      kw: "i32",
    },
    writes: { grad: (most) => 1e-7 * most },
    bytes: ({ parts, groups, co, ci, kh, kw }) => 4 * (parts + 1) * groups * co * ci * kh * kw,
    flops: ({ parts, groups, co, ci, kh, kw }) => (parts - 1) * groups * co * ci * kh * kw,
  },
  winogradWeights: {
    struct: "WinogradWeights",
    args: {
      weight: "f32* [co, ci, 3, 3]",
      panels:
        "f32* [36, co/panel, ci, panel], `winogradGap` floats between the 36; with `turn` [36, ci/panel, co, panel]",
      co: "i32",
      ci: "i32",
      turn: "i32: 1: of the kernel turned, that gives the gradient of the input",
    },
    writes: { panels: (most) => 1e-6 * most },
  },
  winograd: {
    struct: "Winograd",
    args: {
      x: "f32* [n, h, w, ci]",
      weight: "f32* [36, co/panel, ci, panel], see winogradWeights",
      y: "f32* [n, oh, ow, co]",
      bias: "f32* [co], or 0",
      ...tiled,
      floor: "f32: what is below becomes it: 0 for a ReLU, −∞ for none",
    },
    writes: { y: (most) => 1e-5 * most },
    bytes: tiledBytes,
    flops: tiledFlops,
  },
  winogradGradWeight: {
    struct: "WinogradGradWeight",
    // The sizes stand where Winograd has them, so that one function reads the input of both.
    args: {
      x: "f32* [n, h, w, ci]",
      products: "f32* [tasks, 36, ci·co + winogradGap]: room to sum in",
      dy: "f32* [n, oh, ow, co]",
      sums: "f32* [tasks, 3, 3·ci, co]",
      ...tiled,
    },
    writes: { sums: (most) => 3e-5 * most, products: () => Number.POSITIVE_INFINITY },
    bytes: tiledBytes,
    flops: tiledFlops,
  },
} as const satisfies Family;
