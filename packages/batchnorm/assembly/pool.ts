/**
 * Pooling of NHWC tensors, four channels at a time; the last channels, where they are no multiple of four, one at a time.
 * A task takes some images: windows may overlap, and the backward pass adds to pixels that windows of one image share.
 */
import {
  add,
  add2,
  equal,
  keep,
  largest,
  load4,
  mul,
  mul2,
  round4,
  splat,
  splat2,
  store4,
  widenHigh,
  widenLow,
  without,
  zero2,
} from "./simd";
import { Pool } from "./structs.gen";

/** Pixels that an average adds up in float32: a larger window's sum is float64. */
const RUN: i32 = 32;

/** y = the largest value under the window; padding counts as −∞. NaN where a value is NaN. */
export function maxPool(args: Pool, task: i32): void {
  forEachWindow<Max>(args, task);
}
/** The gradient goes to the first place in the window that holds its largest value. */
export function maxPoolGrad(args: Pool, task: i32): void {
  clear(args, task);
  forEachWindow<MaxGrad>(args, task);
}
/** y = the mean of the values under the window. */
export function averagePool(args: Pool, task: i32): void {
  forEachWindow<Average>(args, task);
}
export function averagePoolGrad(args: Pool, task: i32): void {
  clear(args, task);
  forEachWindow<AverageGrad>(args, task);
}

class Max {}
class MaxGrad {}
class Average {}
class LargeAverage {}
class AverageGrad {}

function clear(args: Pool, task: i32): void {
  const first = task * args.imagesPerTask;
  const images = min(args.imagesPerTask, args.n - first);
  const bytes = <usize>(args.h * args.w * args.channels) << 2;
  memory.fill(args.dx + <usize>first * bytes, 0, <usize>images * bytes);
}

function forEachWindow<T>(args: Pool, task: i32): void {
  const first = task * args.imagesPerTask;
  const end = min(first + args.imagesPerTask, args.n);
  for (let n = first; n < end; n++) {
    for (let i = 0; i < args.oh; i++) {
      for (let j = 0; j < args.ow; j++) {
        const top = i * args.strideTop - args.padTop;
        const left = j * args.strideLeft - args.padLeft;
        window<T>(args, n, i, j, max(top, 0), min(top + args.kh, args.h), max(left, 0), min(left + args.kw, args.w));
      }
    }
  }
}

/** Input rows y0 … y1 − 1 and columns x0 … x1 − 1 belong to output pixel (i, j) of image n. */
function window<T>(args: Pool, n: i32, i: i32, j: i32, y0: i32, y1: i32, x0: i32, x1: i32): void {
  const channels = args.channels;
  const pixel = <usize>channels << 2;
  const line = <usize>args.w * pixel;
  const out = <usize>((n * args.oh + i) * args.ow + j) * pixel;
  const corner = <usize>((n * args.h + y0) * args.w + x0) * pixel;
  const share: f32 = 1 / (args.countPadding ? <f32>args.kh * <f32>args.kw : <f32>(y1 - y0) * <f32>(x1 - x0));
  const rows = y1 - y0;
  const bytes = <usize>(x1 - x0) * pixel;
  const inner = pixel & ~15;
  if (idof<T>() == idof<Average>() && rows * (x1 - x0) > RUN) {
    for (let c: usize = 0; c < inner; c += 16) group<LargeAverage>(args, out + c, corner + c, rows, bytes, line, pixel, share);
  } else for (let c: usize = 0; c < inner; c += 16) group<T>(args, out + c, corner + c, rows, bytes, line, pixel, share);
  for (let c = inner; c < pixel; c += 4) single<T>(args, out + c, corner + c, rows, bytes, line, pixel, share);
}

function group<T>(
  args: Pool,
  out: usize,
  at: usize,
  rows: i32,
  bytes: usize,
  line: usize,
  pixel: usize,
  share: f32,
): void {
  if (idof<T>() == idof<Max>()) {
    let best = splat(-Infinity);
    for (let r = 0; r < rows; r++, at += line) {
      for (let p = at; p < at + bytes; p += pixel) best = largest(load4(args.x + p), best);
    }
    store4(args.y + out, best);
  } else if (idof<T>() == idof<Average>()) {
    let sum = splat(0);
    for (let r = 0; r < rows; r++, at += line) {
      for (let p = at; p < at + bytes; p += pixel) sum = add(sum, load4(args.x + p));
    }
    store4(args.y + out, mul(sum, splat(share)));
  } else if (idof<T>() == idof<LargeAverage>()) {
    let low = zero2();
    let high = low;
    for (let r = 0; r < rows; r++, at += line) {
      const end = at + bytes;
      for (let p = at; p < end; ) {
        const stop = min(end, p + <usize>RUN * pixel);
        let sum = splat(0);
        for (; p < stop; p += pixel) sum = add(sum, load4(args.x + p));
        low = add2(low, widenLow(sum));
        high = add2(high, widenHigh(sum));
      }
    }
    const s = splat2(<f64>share);
    store4(args.y + out, round4(mul2(low, s), mul2(high, s)));
  } else if (idof<T>() == idof<MaxGrad>()) {
    const best = load4(args.y + out);
    let rest = load4(args.dy + out);
    for (let r = 0; r < rows; r++, at += line) {
      for (let p = at; p < at + bytes; p += pixel) {
        const here = equal(load4(args.x + p), best);
        store4(args.dx + p, add(load4(args.dx + p), keep(rest, here)));
        rest = without(rest, here);
      }
    }
  } else {
    const part = mul(load4(args.dy + out), splat(share));
    for (let r = 0; r < rows; r++, at += line) {
      for (let p = at; p < at + bytes; p += pixel) store4(args.dx + p, add(load4(args.dx + p), part));
    }
  }
}

/** The same for one channel. */
function single<T>(
  args: Pool,
  out: usize,
  at: usize,
  rows: i32,
  bytes: usize,
  line: usize,
  pixel: usize,
  share: f32,
): void {
  let best = idof<T>() == idof<MaxGrad>() ? load<f32>(args.y + out) : -<f32>Infinity;
  let sum: f64 = 0;
  let rest = idof<T>() == idof<MaxGrad>() || idof<T>() == idof<AverageGrad>() ? load<f32>(args.dy + out) : 0;
  for (let r = 0; r < rows; r++, at += line) {
    for (let p = at; p < at + bytes; p += pixel) {
      if (idof<T>() == idof<Max>()) best = max(load<f32>(args.x + p), best);
      else if (idof<T>() == idof<Average>()) sum += <f64>load<f32>(args.x + p);
      else if (idof<T>() == idof<AverageGrad>()) store<f32>(args.dx + p, load<f32>(args.dx + p) + rest * share);
      else if (load<f32>(args.x + p) == best) {
        store<f32>(args.dx + p, load<f32>(args.dx + p) + rest);
        rest = 0;
      }
    }
  }
  if (idof<T>() == idof<Max>()) store<f32>(args.y + out, best);
  if (idof<T>() == idof<Average>()) store<f32>(args.y + out, <f32>(sum * <f64>share));
}
