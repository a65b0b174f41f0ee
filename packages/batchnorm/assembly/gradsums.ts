/**
 * The two sums that all of batch norm's backward pass needs, a channel at a time: Σ dy and Σ dy·(x − center).
 * Both are mergeable by adding. Short pieces are summed in float32, pieces in float64.
 * Rows form: x and dy are [rows, channels]. Planes form: [outer, channels, inner].
 */
import { PIECE_ROWS, PIECE_VALUES, TILE_CHANNELS } from "./limits.gen";
import { coefficient, passed, passedScalar, Plain, Rectified } from "./rectified";
import { scratch } from "./scratch";
import { add, add2, keepFirst, load4, loadOne, loadSplat, madd, splat, store4, sub, sumLanes, widen } from "./simd";
import { GradSumsPlanes, GradSumsRows } from "./structs.gen";

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
      narrow<T>(args, c, x, dy, rows, stride, sumDy, sumDyX);
    }
    return;
  }
  for (let c = 0; c < channels; c += TILE_CHANNELS) {
    const from = min(c, channels - 4);
    const at = <usize>from << 2;
    tile<T>(args, at, x, dy, rows, min(TILE_CHANNELS, channels - from), stride, sumDy + 2 * at, sumDyX + 2 * at);
  }
}

/** Channels from `at` on, four at a time, the last group overlapping the one before where need be (see momentsrows.ts). */
function tile<T>(
  args: GradSumsRows,
  at: usize,
  x: usize,
  dy: usize,
  rows: i32,
  channels: i32,
  stride: usize,
  sumDyOut: usize,
  sumDyXOut: usize,
): void {
  const center = args.center + at;
  const scale = args.scale + at;
  const shift = args.shift + at;
  const groups = (channels + 3) >> 2;
  const last = <usize>(channels - 4) << 2;
  const totals = scratch + ((<usize>groups) << 5);
  memory.fill(totals, 0, <usize>groups << 6);
  for (let r0 = 0; r0 < rows; r0 += PIECE_ROWS) {
    const count = min(PIECE_ROWS, rows - r0);
    let p = x + at + <usize>r0 * stride;
    let q = dy + at + <usize>r0 * stride;
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
        let x0 = sub(load4(u), m);
        const d0 = passed<T>(load4(v), x0, k, b);
        let s = add(load4(acc), d0);
        let t = madd(d0, x0, load4(acc, 16));
        u += stride;
        v += stride;
        x0 = sub(load4(u), m);
        const d1 = passed<T>(load4(v), x0, k, b);
        let s1 = d1;
        let t1 = madd(d1, x0, splat(0));
        u += stride;
        v += stride;
        x0 = sub(load4(u), m);
        const d2 = passed<T>(load4(v), x0, k, b);
        s = add(s, d2);
        t = madd(d2, x0, t);
        u += stride;
        v += stride;
        x0 = sub(load4(u), m);
        const d3 = passed<T>(load4(v), x0, k, b);
        s1 = add(s1, d3);
        t1 = madd(d3, x0, t1);
        store4(acc, add(s, s1));
        store4(acc, add(t, t1), 16);
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
    const to = min(<usize>g << 4, last) << 1;
    store4(sumDyOut + to, load4(from));
    store4(sumDyOut + to, load4(from, 16), 16);
    store4(sumDyXOut + to, load4(from, 32));
    store4(sumDyXOut + to, load4(from, 48), 16);
  }
}

/** One of fewer than four channels: plain float64. */
function narrow<T>(
  args: GradSumsRows,
  channel: i32,
  x: usize,
  dy: usize,
  rows: i32,
  stride: usize,
  sumDyOut: usize,
  sumDyXOut: usize,
): void {
  const at = <usize>channel << 2;
  const center = load<f32>(args.center + at);
  x += at;
  dy += at;
  let s: f64 = 0;
  let t: f64 = 0;
  for (let r = 0; r < rows; r++) {
    const difference = load<f32>(x) - center;
    const d = <f64>passedScalar<T>(load<f32>(dy), difference, args.scale + at, args.shift + at);
    s += d;
    t += d * <f64>difference;
    x += stride;
    dy += stride;
  }
  store<f64>(sumDyOut + 2 * at, s);
  store<f64>(sumDyXOut + 2 * at, t);
}

export function gradSumsPlanes(args: GradSumsPlanes, task: i32): void {
  const first = task * args.channelsPerTask;
  const end = min(first + args.channelsPerTask, args.channels);
  for (let c = first; c < end; c++) plane(args, c);
}

function plane(args: GradSumsPlanes, channel: i32): void {
  const inner = args.inner;
  const step = (<usize>args.channels * inner) << 2;
  const start = (<usize>channel * inner) << 2;
  let x = args.x + start;
  let dy = args.dy + start;
  const center = loadSplat(args.center + (<usize>channel << 2));
  let sumDy: f64 = 0;
  let sumDyX: f64 = 0;
  let count = 0;
  let s0 = splat(0), s1 = s0, t0 = s0, t1 = s0;
  for (let n = 0; n < args.outer; n++) {
    let p = x;
    let q = dy;
    let left = inner;
    while (left > 0) {
      const take = min(left, PIECE_VALUES - count);
      const end = p + (<usize>take << 2);
      for (; p + 32 <= end; p += 32, q += 32) {
        const d0 = load4(q);
        const d1 = load4(q, 16);
        s0 = add(s0, d0);
        t0 = madd(d0, sub(load4(p), center), t0);
        s1 = add(s1, d1);
        t1 = madd(d1, sub(load4(p, 16), center), t1);
      }
      for (; p + 16 <= end; p += 16, q += 16) {
        const d = load4(q);
        s0 = add(s0, d);
        t0 = madd(d, sub(load4(p), center), t0);
      }
      for (; p < end; p += 4, q += 4) {
        const d = loadOne(q);
        s1 = add(s1, d);
        t1 = madd(d, sub(loadOne(p), keepFirst(center)), t1);
      }
      count += take;
      left -= take;
      if (count == PIECE_VALUES || (left == 0 && n + 1 == args.outer)) {
        sumDy += sumLanes(add(s0, s1));
        sumDyX += sumLanes(add(t0, t1));
        s0 = s1 = t0 = t1 = splat(0);
        count = 0;
      }
    }
    x += step;
    dy += step;
  }
  store<f64>(args.sumDy + (<usize>channel << 3), sumDy);
  store<f64>(args.sumDyX + (<usize>channel << 3), sumDyX);
}
