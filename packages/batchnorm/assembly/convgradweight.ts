/**
 * The gradient of a convolution's weights: Σ over the output pixels of (input under the kernel) × (gradient of the output).
 *
 * A task takes some bands, lays out the input rows under each as conv.ts does, and adds to sums of its own,
 * [groups, kh, kw·ci, co]; convGradMerge adds the tasks' sums up in the order of the tasks, and writes them as PyTorch
 * keeps weights.
 */
import { BLOCK_BYTES, PANEL_ROW } from "./block";
import { layOut, lineBytes, ROWS } from "./conv";
import { BLOCK_ROWS, PANEL } from "./limits.gen";
import { addOuter } from "./outer";
import { scratch } from "./scratch";
import { add, load4, scatter4 } from "./simd";
import { Conv, ConvGradMerge } from "./structs.gen";

/** Of a block that is summed apart, where there are fewer values or channels than it has. */
const EDGE: usize = 0;

/** `args.weight` is where the sums go: f32 [tasks, groups, kh, kw·ci, co]; `args.y` is the gradient of the output. */
export function convGradWeight(args: Conv, task: i32): void {
  const perImage = (args.oh + args.rows - 1) / args.rows;
  const first = task * args.bandsPerTask;
  const end = min(first + args.bandsPerTask, args.n * perImage);
  const bytes = <usize>(args.kh * args.kw * args.ci * args.co) << 2;
  const sums = args.weight + <usize>(task * args.groups) * bytes;
  memory.fill(sums, 0, <usize>args.groups * bytes);
  for (let group = 0; group < args.groups; group++) {
    for (let band = first; band < end; band++) {
      const image = band / perImage;
      const top = (band % perImage) * args.rows;
      const rows = min(args.rows, args.oh - top);
      for (let column = 0; column < args.ow; column += args.columns) {
        layOut(args, group, image, top, rows, column);
        addBand(args, group, image * args.oh + top, rows, column, sums + <usize>group * bytes);
      }
    }
  }
}

function addBand(args: Conv, group: i32, row: i32, rows: i32, column: i32, sums: usize): void {
  const co = args.co;
  const length = args.kw * args.ci;
  const pixel = <usize>(args.groups * co) << 2;
  const step = <usize>(args.stride * args.ci) << 2;
  const line = lineBytes(args);
  const count = min(args.columns, args.ow - column);
  const dy = args.y + <usize>(row * args.ow + column) * pixel + (<usize>(group * co) << 2);
  const dyLine = <usize>args.ow * pixel;
  const stride = <usize>co << 2;
  const edge = scratch + EDGE;
  for (let i = 0; i < args.kh; i++) {
    for (let l = 0; l < length; l += BLOCK_ROWS) {
      const high = min(BLOCK_ROWS, length - l);
      const a = scratch + ROWS + <usize>i * line + (<usize>l << 2);
      for (let j = 0; j < co; j += PANEL) {
        const wide = min(PANEL, co - j);
        const sum = sums + <usize>(i * length + l) * stride + (<usize>j << 2);
        const b = dy + (<usize>j << 2);
        const full = high == BLOCK_ROWS && wide == PANEL;
        const at = full ? sum : edge;
        const atStride = full ? stride : PANEL_ROW;
        if (!full) {
          memory.fill(edge, 0, BLOCK_BYTES);
          copyRows(sum, stride, edge, PANEL_ROW, high, <usize>wide << 2);
        }
        addOuter(a, step, <usize>args.stride * line, b, pixel, dyLine, rows, count, at, atStride);
        if (!full) copyRows(edge, PANEL_ROW, sum, stride, high, <usize>wide << 2);
      }
    }
  }
}

function copyRows(from: usize, fromStride: usize, to: usize, toStride: usize, rows: i32, bytes: usize): void {
  for (let y = 0; y < rows; y++) memory.copy(to + <usize>y * toStride, from + <usize>y * fromStride, bytes);
}

/** A task writes the weights of four output channels of one group, or of as many as it has left. */
export function convGradMerge(args: ConvGradMerge, task: i32): void {
  const co = args.co;
  const taps = args.kh * args.kw;
  const perGroup = (co + 3) >> 2;
  const group = task / perGroup;
  const o = (task % perGroup) << 2;
  const wide = min(4, co - o);
  const plane = <usize>(args.ci * co) << 2;
  const part = <usize>args.groups * <usize>taps * plane;
  const from = args.sums + <usize>(group * taps) * plane + (<usize>o << 2);
  const row = <usize>(args.ci * taps) << 2;
  let to = args.grad + <usize>(group * co + o) * row;
  for (let c = 0; c < args.ci; c++) {
    let p = from + (<usize>(c * co) << 2);
    for (let tap = 0; tap < taps; tap++, p += plane, to += 4) {
      if (wide == 4) {
        let sum = load4(p);
        for (let i = 1; i < args.parts; i++) sum = add(sum, load4(p + <usize>i * part));
        scatter4(to, sum, row);
      } else {
        for (let lane: usize = 0; lane < <usize>wide; lane++) {
          const q = p + (lane << 2);
          let sum = load<f32>(q);
          for (let i = 1; i < args.parts; i++) sum += load<f32>(q + <usize>i * part);
          store<f32>(to + lane * row, sum);
        }
      }
    }
  }
}
