/**
 * The two sums that all of batch norm's backward pass needs, a channel at a time: Σ dy and Σ dy·(x − center); here of rows,
 * x and dy [rows, channels], and in gradsumsplanes.ts of planes. Both are mergeable by adding. Short pieces are summed in
 * float32, pieces in float64; where float32's range was too small for a piece, all in float64.
 */
import { PIECE_ROWS, TILE_CHANNELS } from "./limits.gen";
import { coefficient, passed, passedScalar, Plain, Rectified } from "./rectified";
import { scratch } from "./scratch";
import { add, add2, load4, madd, mul, mul2, splat, splat2, store4, sub, sumPair, widen } from "./simd";
import { GradSumsRows } from "./structs.gen";

export function gradSumsRows(args: GradSumsRows, task: i32): void {
  if (args.scale) sums<Rectified>(args, task);
  else sums<Plain>(args, task);
}

function sums<T>(args: GradSumsRows, task: i32): void {
  const channels = args.channels;
  const first = task * args.rowsPerTask;
  const rows = min(args.rowsPerTask, args.rows - first);
  const stride = (<usize>channels) << 2;
  const x = args.x + <usize>first * stride;
  const dy = args.dy + <usize>first * stride;
  const sumDy = args.sumDy + (<usize>(task * channels) << 3);
  const sumDyX = args.sumDyX + (<usize>(task * channels) << 3);
  if (channels < 4) {
    for (let c = 0; c < channels; c++) {
      const at = <usize>c << 2;
      narrow<T>(x + at, dy + at, args.center + at, args.scale + at, args.shift + at, rows, stride, sumDy + 2 * at, sumDyX + 2 * at);
    }
    return;
  }
  for (let c = 0; c < channels; c += TILE_CHANNELS) {
    const from = min(c, channels - 4);
    const at = <usize>from << 2;
    const wide = min(TILE_CHANNELS, channels - from);
    tile<T>(x + at, dy + at, args.center + at, args.scale + at, args.shift + at, rows, wide, stride, sumDy + 2 * at, sumDyX + 2 * at);
  }
}

/** Some channels, four at a time, the last group overlapping the one before where need be (see momentsrows.ts). */
export function tile<T>(
  x: usize,
  dy: usize,
  center: usize,
  scale: usize,
  shift: usize,
  rows: i32,
  channels: i32,
  stride: usize,
  sumDyOut: usize,
  sumDyXOut: usize,
): void {
  const groups = (channels + 3) >> 2;
  const last = <usize>(channels - 4) << 2;
  const totals = scratch + ((<usize>groups) << 5);
  memory.fill(totals, 0, <usize>groups << 6);
  for (let r0 = 0; r0 < rows; r0 += PIECE_ROWS) {
    const count = min(PIECE_ROWS, rows - r0);
    let p = x + <usize>r0 * stride;
    let q = dy + <usize>r0 * stride;
    memory.fill(scratch, 0, <usize>groups << 5);
    let r = 0;
    for (; r + 4 <= count; r += 4) {
      let acc = scratch;
      for (let g = 0; g < groups; g++) {
        const c = min(<usize>g << 4, last);
        const m = load4(center + c);
        const k = coefficient<T>(scale + c);
        const b = coefficient<T>(shift + c);
        let u = p + c;
        let v = q + c;
        // Four rows are added up among themselves first: the sums then round less often.
        let x0 = sub(load4(u), m);
        const d0 = passed<T>(load4(v), x0, k, b);
        let t = mul(d0, x0);
        u += stride;
        v += stride;
        x0 = sub(load4(u), m);
        const d1 = passed<T>(load4(v), x0, k, b);
        t = madd(d1, x0, t);
        u += stride;
        v += stride;
        x0 = sub(load4(u), m);
        const d2 = passed<T>(load4(v), x0, k, b);
        let t1 = mul(d2, x0);
        u += stride;
        v += stride;
        x0 = sub(load4(u), m);
        const d3 = passed<T>(load4(v), x0, k, b);
        t1 = madd(d3, x0, t1);
        store4(acc, add(load4(acc), add(add(d0, d1), add(d2, d3))));
        store4(acc, add(load4(acc, 16), add(t, t1)), 16);
        acc += 32;
      }
      p += stride << 2;
      q += stride << 2;
    }
    for (; r < count; r++) {
      let acc = scratch;
      for (let g = 0; g < groups; g++) {
        const c = min(<usize>g << 4, last);
        const x0 = sub(load4(p + c), load4(center + c));
        const d = passed<T>(load4(q + c), x0, coefficient<T>(scale + c), coefficient<T>(shift + c));
        store4(acc, add(load4(acc), d));
        store4(acc, madd(d, x0, load4(acc, 16)), 16);
        acc += 32;
      }
      p += stride;
      q += stride;
    }
    let acc = scratch;
    let to = totals;
    for (let g = 0; g < groups; g++) {
      store4(to, add2(load4(to), widen(acc)));
      store4(to, add2(load4(to, 16), widen(acc, 8)), 16);
      store4(to, add2(load4(to, 32), widen(acc, 16)), 32);
      store4(to, add2(load4(to, 48), widen(acc, 24)), 48);
      acc += 32;
      to += 64;
    }
  }
  for (let g = 0; g < groups; g++) {
    const from = totals + (<usize>g << 6);
    const c = min(<usize>g << 4, last);
    const s0 = load4(from);
    const s1 = load4(from, 16);
    const t0 = load4(from, 32);
    const t1 = load4(from, 48);
    const to = 2 * c;
    store4(sumDyOut + to, s0);
    store4(sumDyOut + to, s1, 16);
    store4(sumDyXOut + to, t0);
    store4(sumDyXOut + to, t1, 16);
    // 0 of each, or NaN where one is not finite.
    const none = mul2(add2(add2(s0, s1), add2(t0, t1)), splat2(0));
    if (sumPair(none) == 0) continue;
    for (let lane: usize = 0; lane < 4; lane++) {
      const at = c + (lane << 2);
      const sum = sumDyOut + 2 * at;
      const sumX = sumDyXOut + 2 * at;
      if (isFinite(load<f64>(sum)) && isFinite(load<f64>(sumX))) continue;
      narrow<T>(x + at, dy + at, center + at, scale + at, shift + at, rows, stride, scratch, scratch + 8);
      if (!isFinite(load<f64>(sum))) store<f64>(sum, load<f64>(scratch));
      if (!isFinite(load<f64>(sumX))) store<f64>(sumX, load<f64>(scratch, 8));
    }
  }
}

/** One channel in plain float64: one of fewer than four, or one whose sums left float32's range. */
export function narrow<T>(
  x: usize,
  dy: usize,
  center: usize,
  scale: usize,
  shift: usize,
  rows: i32,
  stride: usize,
  sumDyOut: usize,
  sumDyXOut: usize,
): void {
  const middle = load<f32>(center);
  let s: f64 = 0;
  let t: f64 = 0;
  for (let r = 0; r < rows; r++) {
    const value = load<f32>(x);
    // The ReLU sees the difference as the forward pass did.
    const d = <f64>passedScalar<T>(load<f32>(dy), value - middle, scale, shift);
    s += d;
    t += d * (<f64>value - <f64>middle);
    x += stride;
    dy += stride;
  }
  store<f64>(sumDyOut, s);
  store<f64>(sumDyXOut, t);
}
