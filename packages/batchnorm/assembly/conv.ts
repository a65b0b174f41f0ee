/**
 * Convolution of NHWC tensors, any kernel, stride, padding and groups. Its output may be every so many pixels of a larger
 * tensor: the gradient of the input at stride s is s² convolutions of the gradient of the output, each with some of the
 * taps, that give every s-th row and column.
 *
 * A task takes some bands, a few output rows of one image each. It lays out the input rows that a band needs, padded, one
 * after another in scratch memory: there the values under one row of the kernel are contiguous (kw·channels of them), for
 * every output pixel. Then the 4×8 register block of gemm.ts: four pixels by eight output channels.
 */
import { BLOCK_BYTES, PANEL_ROW, panelsOf } from "./block";
import { BLOCK_ROWS, PANEL } from "./limits.gen";
import { scratch } from "./scratch";
import { greater, load4, loadSplat, madd, splat, store4 } from "./simd";
import { Conv } from "./structs.gen";

/** Scratch: a block of y, the bias of a panel and the floor, then the rows. */
const EDGE: usize = 0;
const BIAS: usize = BLOCK_BYTES;
const FLOOR: usize = PANEL_ROW; // after the bias
export const ROWS: usize = BIAS + PANEL_ROW + 32;

export function conv(args: Conv, task: i32): void {
  const perImage = (args.oh + args.rows - 1) / args.rows;
  const first = task * args.bandsPerTask;
  const end = min(first + args.bandsPerTask, args.n * perImage);
  for (let group = 0; group < args.groups; group++) {
    for (let band = first; band < end; band++) {
      const image = band / perImage;
      const top = (band % perImage) * args.rows;
      const rows = min(args.rows, args.oh - top);
      for (let column = 0; column < args.ow; column += args.columns) {
        layOut(args, group, image, top, rows, column);
        convolve(args, group, image, top, rows, column);
      }
    }
  }
}

/** Bytes of one laid-out row: under `columns` pixels and the kernel's overhang. */
export function lineBytes(args: Conv): usize {
  return <usize>(((args.columns - 1) * args.stride + args.kw) * args.ci) << 2;
}

/** The input rows under some output rows of an image, from one output column on, of one group's channels. */
export function layOut(args: Conv, group: i32, image: i32, top: i32, rows: i32, column: i32): void {
  const bytes = <usize>args.ci << 2;
  const pixel = <usize>(args.groups * args.ci) << 2;
  const left = column * args.stride - args.padLeft;
  const pixels = (args.columns - 1) * args.stride + args.kw;
  const before = max(0, min(pixels, -left));
  const inside = max(0, min(pixels, args.w - left) - before);
  const from = args.x + <usize>(image * args.h * args.w + left + before) * pixel + <usize>group * bytes;
  const count = (rows - 1) * args.stride + args.kh;
  let y = top * args.stride - args.padTop;
  let to = scratch + ROWS;
  for (let i = 0; i < count; i++, y++) {
    if (y < 0 || y >= args.h) memory.fill(to, 0, <usize>pixels * bytes);
    else {
      const line = from + <usize>(y * args.w) * pixel;
      const start = to + <usize>before * bytes;
      memory.fill(to, 0, <usize>before * bytes);
      if (args.groups == 1) memory.copy(start, line, <usize>inside * bytes);
      else for (let j = 0; j < inside; j++) memory.copy(start + <usize>j * bytes, line + <usize>j * pixel, bytes);
      memory.fill(start + <usize>inside * bytes, 0, <usize>(pixels - before - inside) * bytes);
    }
    to += <usize>pixels * bytes;
  }
}

/** The output rows whose input is laid out, eight channels at a time: their weights stay in L1 from row to row. */
function convolve(args: Conv, group: i32, image: i32, top: i32, rows: i32, column: i32): void {
  const co = args.co;
  const length = args.kw * args.ci;
  const stride = <usize>(args.groups * co * args.yStep) << 2;
  const step = <usize>(args.stride * args.ci) << 2;
  const line = lineBytes(args);
  const end = min(args.columns, args.ow - column);
  const panelBytes = <usize>(args.kh * length) * PANEL_ROW;
  let panel = args.weight + <usize>(group * panelsOf(co)) * panelBytes;
  const bias = scratch + BIAS;
  const edge = scratch + EDGE;
  store<f32>(bias + FLOOR, args.floor);
  const yRow = image * args.yh + args.yTop + top * args.yStep;
  const out = args.y + (<usize>((yRow * args.yw + args.yLeft + column * args.yStep) * args.groups * co) << 2);
  const yLine = <usize>args.yw * stride;
  for (let j = 0; j < co; j += PANEL) {
    const wide = min(PANEL, co - j);
    const channel = group * co + j;
    store4(bias, splat(0));
    store4(bias, splat(0), 16);
    if (args.bias) memory.copy(bias, args.bias + (<usize>channel << 2), <usize>wide << 2);
    for (let row = 0; row < rows; row++) {
      let a = scratch + ROWS + <usize>(row * args.stride) * line;
      let y = out + <usize>row * yLine + (<usize>channel << 2);
      for (let q = 0; q < end; q += BLOCK_ROWS) {
        const high = min(BLOCK_ROWS, end - q);
        if (high == BLOCK_ROWS && wide == PANEL) block(a, step, line, args.kh, length, panel, bias, y, stride);
        else {
          block(a, step, line, args.kh, length, panel, bias, edge, PANEL_ROW);
          for (let p = 0; p < high; p++) memory.copy(y + <usize>p * stride, edge + <usize>p * PANEL_ROW, <usize>wide << 2);
        }
        a += <usize>BLOCK_ROWS * step;
        y += <usize>BLOCK_ROWS * stride;
      }
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
      panel += PANEL_ROW;
    }
    a0 += line;
  }
  const floor = loadSplat(bias, FLOOR);
  store4(y, greater(c00, floor));
  store4(y, greater(c01, floor), 16);
  y += stride;
  store4(y, greater(c10, floor));
  store4(y, greater(c11, floor), 16);
  y += stride;
  store4(y, greater(c20, floor));
  store4(y, greater(c21, floor), 16);
  y += stride;
  store4(y, greater(c30, floor));
  store4(y, greater(c31, floor), 16);
}
