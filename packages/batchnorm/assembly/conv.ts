/**
 * Convolution of NHWC tensors, any kernel, stride, padding and groups; also the gradient of its input, which is a
 * convolution of the output's gradient by turned weights, with zeros between its pixels where the stride is above 1.
 *
 * A task takes some output rows. For each it lays out the input rows that the kernel covers, padded and spread, side by
 * side in scratch memory: there the values under one row of the kernel are contiguous (kw·channels of them), for every
 * output pixel. Then the 4×8 register block of gemm.ts: four pixels by eight output channels.
 */
import { scratch } from "./scratch";
import { load4, loadSplat, madd, splat, store4 } from "./simd";

const NR: i32 = 8;
/** Scratch: the block's own 4×8 of y, eight values of bias, then the rows. */
const EDGE: usize = 0;
const BIAS: usize = 128;
export const ROWS: usize = 192;

@unmanaged
export class Conv {
  x: usize = 0; // f32 [n, h, w, groups·ci]
  weight: usize = 0; // f32 [groups, ⌈co/8⌉, kh, kw·ci, 8], see packConv
  bias: usize = 0; // f32 [groups·co], or 0
  y: usize = 0; // f32 [n, oh, ow, groups·co]
  n: i32 = 0;
  h: i32 = 0;
  w: i32 = 0;
  ci: i32 = 0; // of one group
  oh: i32 = 0;
  ow: i32 = 0;
  co: i32 = 0; // of one group
  groups: i32 = 0;
  kh: i32 = 0;
  kw: i32 = 0;
  stride: i32 = 0; // of the output over the spread input
  spread: i32 = 0; // distance of the input's pixels; what lies between is 0
  padTop: i32 = 0;
  padLeft: i32 = 0;
  columns: i32 = 0; // output pixels laid out at once, a multiple of 4
  rowsPerTask: i32 = 0; // of the n·oh output rows
}

export function conv(args: Conv, task: i32): void {
  const first = task * args.rowsPerTask;
  const end = min(first + args.rowsPerTask, args.n * args.oh);
  for (let group = 0; group < args.groups; group++) {
    for (let row = first; row < end; row++) {
      for (let column = 0; column < args.ow; column += args.columns) {
        layOut(args, group, row, column);
        convolve(args, group, row, column);
      }
    }
  }
}

/** Values in one laid-out row: under `columns` pixels and the kernel's overhang. */
function width(args: Conv): i32 {
  return ((args.columns - 1) * args.stride + args.kw) * args.ci;
}

/** The kh input rows under one output row, from one output column on, of one group's channels. */
export function layOut(args: Conv, group: i32, row: i32, column: i32): void {
  const spread = args.spread;
  const ci = args.ci;
  const bytes = <usize>ci << 2;
  const pixel = <usize>(args.groups * ci) << 2;
  const image = row / args.oh;
  const top = (row % args.oh) * args.stride - args.padTop;
  const left = column * args.stride - args.padLeft;
  const pixels = (args.columns - 1) * args.stride + args.kw;
  const from = args.x + <usize>(image * args.h * args.w) * pixel + <usize>group * bytes;
  let to = scratch + ROWS;
  for (let i = 0; i < args.kh; i++) {
    const y = top + i;
    const inside = y >= 0 && y % spread == 0 && y / spread < args.h;
    const line = from + <usize>((y / spread) * args.w) * pixel;
    if (!inside) memory.fill(to, 0, <usize>pixels * bytes);
    else if (spread == 1 && args.groups == 1) {
      // One copy between the zeros on the left and on the right.
      const before = max(0, min(pixels, -left));
      const count = max(0, min(pixels, args.w - left) - before);
      memory.fill(to, 0, <usize>before * bytes);
      memory.copy(to + <usize>before * bytes, line + <usize>(left + before) * pixel, <usize>count * bytes);
      memory.fill(to + <usize>(before + count) * bytes, 0, <usize>(pixels - before - count) * bytes);
    } else {
      for (let j = 0; j < pixels; j++) {
        const x = left + j;
        const at = to + <usize>j * bytes;
        if (x >= 0 && x % spread == 0 && x / spread < args.w) memory.copy(at, line + <usize>(x / spread) * pixel, bytes);
        else memory.fill(at, 0, bytes);
      }
    }
    to += <usize>pixels * bytes;
  }
}

/** The output pixels over the rows laid out. */
function convolve(args: Conv, group: i32, row: i32, column: i32): void {
  const co = args.co;
  const length = args.kw * args.ci;
  const stride = <usize>(args.groups * co) << 2;
  const step = <usize>(args.stride * args.ci) << 2;
  const line = <usize>width(args) << 2;
  const end = min(args.columns, args.ow - column);
  const panelBytes = <usize>(args.kh * length) << 5;
  let panel = args.weight + <usize>(group * ((co + 7) >> 3)) * panelBytes;
  const bias = scratch + BIAS;
  const edge = scratch + EDGE;
  for (let j = 0; j < co; j += NR) {
    const wide = min(NR, co - j);
    const channel = group * co + j;
    store4(bias, splat(0));
    store4(bias, splat(0), 16);
    if (args.bias) memory.copy(bias, args.bias + (<usize>channel << 2), <usize>wide << 2);
    let y = args.y + <usize>(row * args.ow + column) * stride + (<usize>channel << 2);
    let a = scratch + ROWS;
    for (let q = 0; q < end; q += 4) {
      const high = min(4, end - q);
      if (high == 4 && wide == NR) block(a, step, line, args.kh, length, panel, bias, y, stride);
      else {
        block(a, step, line, args.kh, length, panel, bias, edge, 32);
        for (let p = 0; p < high; p++) memory.copy(y + <usize>p * stride, edge + <usize>p * 32, <usize>wide << 2);
      }
      a += 4 * step;
      y += 4 * stride;
    }
    panel += panelBytes;
  }
}

/** Four pixels, `step` bytes apart, by eight output channels; `kh` runs of `length` values, `line` bytes apart. */
function block(
  a0: usize,
  step: usize,
  line: usize,
  kh: i32,
  length: i32,
  panel: usize,
  bias: usize,
  y: usize,
  stride: usize,
): void {
  let c00 = load4(bias);
  let c01 = load4(bias, 16);
  let c10 = c00;
  let c11 = c01;
  let c20 = c00;
  let c21 = c01;
  let c30 = c00;
  let c31 = c01;
  const bytes = <usize>length << 2;
  for (let i = 0; i < kh; i++) {
    let p0 = a0;
    let p1 = p0 + step;
    let p2 = p1 + step;
    let p3 = p2 + step;
    const end = p0 + bytes;
    for (; p0 < end; p0 += 4) {
      const b0 = load4(panel);
      const b1 = load4(panel, 16);
      let t = loadSplat(p0);
      c00 = madd(t, b0, c00);
      c01 = madd(t, b1, c01);
      t = loadSplat(p1);
      c10 = madd(t, b0, c10);
      c11 = madd(t, b1, c11);
      t = loadSplat(p2);
      c20 = madd(t, b0, c20);
      c21 = madd(t, b1, c21);
      t = loadSplat(p3);
      c30 = madd(t, b0, c30);
      c31 = madd(t, b1, c31);
      p1 += 4;
      p2 += 4;
      p3 += 4;
      panel += 32;
    }
    a0 += line;
  }
  store4(y, c00);
  store4(y, c01, 16);
  y += stride;
  store4(y, c10);
  store4(y, c11, 16);
  y += stride;
  store4(y, c20);
  store4(y, c21, 16);
  y += stride;
  store4(y, c30);
  store4(y, c31, 16);
}
