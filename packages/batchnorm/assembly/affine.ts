/**
 * y = (x − center)·scale + shift, a channel at a time: normalization with everything folded into three numbers.
 * `center` is the mean rounded to float32 and its remainder is part of `shift`, so a large mean costs no accuracy.
 * A ReLU can come with it in the rows form.
 * Rows form: x and y are [rows, channels]. Planes form: [outer, channels, inner]. y must not overlap x.
 */
import { AffinePlanes, AffineRows } from "./structs.gen";
import { fromEnd } from "./tasks";
import { greater, lane0, load4, loadSplat, madd, maddScalar, splat, store4, sub } from "./simd";

export function affineRows(args: AffineRows, task: i32): void {
  const channels = args.channels;
  const first = fromEnd(task, args.rows, args.rowsPerTask);
  const rows = min(args.rowsPerTask, args.rows - first);
  const stride = (<usize>channels) << 2;
  let x = args.x + <usize>first * stride;
  let y = args.y + <usize>first * stride;
  const center = args.center;
  const scale = args.scale;
  const shift = args.shift;
  const floor = splat(args.floor);
  if (channels < 4) {
    for (let r = 0; r < rows; r++) {
      for (let c: usize = 0; c < stride; c += 4) store<f32>(y + c, lane0(greater(splat(scalar(x, c, center, scale, shift)), floor)));
      x += stride;
      y += stride;
    }
    return;
  }
  const groups = (channels + 3) >> 2;
  const last = stride - 16;
  let r = 0;
  for (; r + 4 <= rows; r += 4) {
    for (let g = 0; g < groups; g++) {
      const c = min(<usize>g << 4, last);
      const m = load4(center + c);
      const s = load4(scale + c);
      const b = load4(shift + c);
      let p = x + c;
      let q = y + c;
      const v0 = load4(p);
      const v1 = load4(p + stride);
      p += 2 * stride;
      const v2 = load4(p);
      const v3 = load4(p + stride);
      store4(q, greater(madd(sub(v0, m), s, b), floor));
      store4(q + stride, greater(madd(sub(v1, m), s, b), floor));
      q += 2 * stride;
      store4(q, greater(madd(sub(v2, m), s, b), floor));
      store4(q + stride, greater(madd(sub(v3, m), s, b), floor));
    }
    x += stride << 2;
    y += stride << 2;
  }
  for (; r < rows; r++) {
    for (let g = 0; g < groups; g++) {
      const c = min(<usize>g << 4, last);
      const value = madd(sub(load4(x + c), load4(center + c)), load4(scale + c), load4(shift + c));
      store4(y + c, greater(value, floor));
    }
    x += stride;
    y += stride;
  }
}

function scalar(x: usize, c: usize, center: usize, scale: usize, shift: usize): f32 {
  return maddScalar(load<f32>(x + c) - load<f32>(center + c), load<f32>(scale + c), load<f32>(shift + c));
}

export function affinePlanes(args: AffinePlanes, task: i32): void {
  const first = fromEnd(task, args.outer * args.channels, args.planesPerTask);
  const end = min(first + args.planesPerTask, args.outer * args.channels);
  const bytes = <usize>args.inner << 2;
  let x = args.x + <usize>first * bytes;
  let y = args.y + <usize>first * bytes;
  for (let i = first; i < end; i++) {
    const c = <usize>(i % args.channels) << 2;
    const m = loadSplat(args.center + c);
    const s = loadSplat(args.scale + c);
    const b = loadSplat(args.shift + c);
    const stop = x + bytes;
    for (; x + 64 <= stop; x += 64, y += 64) {
      const v0 = load4(x);
      const v1 = load4(x, 16);
      const v2 = load4(x, 32);
      const v3 = load4(x, 48);
      store4(y, madd(sub(v0, m), s, b));
      store4(y, madd(sub(v1, m), s, b), 16);
      store4(y, madd(sub(v2, m), s, b), 32);
      store4(y, madd(sub(v3, m), s, b), 48);
    }
    for (; x + 16 <= stop; x += 16, y += 16) store4(y, madd(sub(load4(x), m), s, b));
    for (; x < stop; x += 4, y += 4) {
      const d = load<f32>(x) - load<f32>(args.center + c);
      store<f32>(y, maddScalar(d, load<f32>(args.scale + c), load<f32>(args.shift + c)));
    }
  }
}
