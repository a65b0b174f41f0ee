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
import { add2, round4, scatter4, widen } from "./simd";
import { Conv, ConvGradMerge } from "./structs.gen";

/** Pixels whose products are added up before they join the sums, at most: or one row, if that is longer. */
const RUN: i32 = 128;
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
        const count = min(args.columns, args.ow - column);
        const most = max(1, RUN / count);
        for (let row = 0; row < rows; row += most) {
          for (let pixel = 0; pixel < count; pixel += RUN) {
            const run = min(RUN, count - pixel);
            addRun(args, group, image * args.oh + top, row, min(most, rows - row), column, pixel, run, sums + <usize>group * bytes);
          }
        }
      }
    }
  }
}

/** Some rows of a band, of which `top` is the first of all, and some of the pixels that are laid out of each. */
function addRun(args: Conv, group: i32, top: i32, row: i32, rows: i32, column: i32, pixel: i32, count: i32, sums: usize): void {
  const co = args.co;
  const length = args.kw * args.ci;
  const dyPixel = <usize>(args.groups * co) << 2;
  const step = <usize>(args.stride * args.ci) << 2;
  const line = lineBytes(args);
  const laid = scratch + ROWS + <usize>(row * args.stride) * line + <usize>pixel * step;
  const dy = args.y + <usize>((top + row) * args.ow + column + pixel) * dyPixel + (<usize>(group * co) << 2);
  const dyLine = <usize>args.ow * dyPixel;
  const stride = <usize>co << 2;
  const edge = scratch + EDGE;
  for (let i = 0; i < args.kh; i++) {
    for (let l = 0; l < length; l += BLOCK_ROWS) {
      const high = min(BLOCK_ROWS, length - l);
      const a = laid + <usize>i * line + (<usize>l << 2);
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
        addOuter(a, step, <usize>args.stride * line, b, dyPixel, dyLine, rows, count, at, atStride);
        if (!full) copyRows(edge, PANEL_ROW, sum, stride, high, <usize>wide << 2);
      }
    }
  }
}

function copyRows(from: usize, fromStride: usize, to: usize, toStride: usize, rows: i32, bytes: usize): void {
  for (let y = 0; y < rows; y++) memory.copy(to + <usize>y * toStride, from + <usize>y * fromStride, bytes);
}

/** A task writes the weights of four output channels of one group, or of as many as it has left; sums are float64. */
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
        let low = widen(p);
        let high = widen(p, 8);
        for (let i = 1; i < args.parts; i++) {
          const q = p + <usize>i * part;
          low = add2(low, widen(q));
          high = add2(high, widen(q, 8));
        }
        scatter4(to, round4(low, high), row);
      } else {
        for (let lane: usize = 0; lane < <usize>wide; lane++) {
          const q = p + (lane << 2);
          let sum: f64 = 0;
          for (let i = 0; i < args.parts; i++) sum += <f64>load<f32>(q + <usize>i * part);
          store<f32>(to + lane * row, <f32>sum);
        }
      }
    }
  }
}
