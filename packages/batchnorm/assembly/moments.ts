/**
 * Mean and M2 = Σ(x − mean)² of every channel, in mergeable pieces.
 *
 * A piece subtracts from all of its values a guess at their mean, made from its first few, sums in float32, and is
 * merged into the running float64 moments by Chan's formula. The subtraction is what keeps the variance when the mean is
 * large, and keeps the sums small, so that float32 loses nothing that matters. A constant channel gives its value and
 * exactly 0: the guess is a mean of a power of two of values, which is exact there.
 *
 * Rows form: x is [rows, channels]. Planes form: x is [outer, channels, inner].
 */
import { PIECE_ROWS, PIECE_VALUES, TILE_CHANNELS } from "./limits.gen";
import { scratch } from "./scratch";
import {
  add,
  add2,
  d2,
  keepFirst,
  lane0,
  load4,
  loadOne,
  f4,
  madd,
  mul,
  mul2,
  splat,
  splat2,
  store4,
  sub,
  sub2,
  sumLanes,
  widen,
} from "./simd";
import { MomentsPlanes, MomentsRows } from "./structs.gen";

export function momentsRows(args: MomentsRows, task: i32): void {
  const channels = args.channels;
  const first = task * args.rowsPerTask;
  const rows = min(args.rowsPerTask, args.rows - first);
  const stride = (<usize>channels) << 2;
  const x = args.x + <usize>first * stride;
  const mean = args.mean + (<usize>(task * channels) << 3);
  const m2 = args.m2 + (<usize>(task * channels) << 3);
  if (channels < 4) {
    for (let c = 0; c < channels; c++) narrow(x + (<usize>c << 2), rows, stride, mean + (<usize>c << 3), m2 + (<usize>c << 3));
    return;
  }
  for (let c = 0; c < channels; c += TILE_CHANNELS) {
    // A tile narrower than four channels starts earlier instead: it computes some channels twice, alike.
    const from = min(c, channels - 4);
    const at = <usize>from << 2;
    tile(x + at, rows, min(TILE_CHANNELS, channels - from), stride, mean + 2 * at, m2 + 2 * at);
  }
}

/**
 * Rows form, four channels at a time. Where `channels` is no multiple of 4, the last group overlaps the one before:
 * its sums live apart, so nothing is counted twice, and the channels in both are written twice with the same bits.
 * Scratch: shift, sum, sum of squares (float32) of each group, then mean and M2 (float64) of each group.
 */
function tile(x: usize, rows: i32, channels: i32, stride: usize, meanOut: usize, m2Out: usize): void {
  const groups = (channels + 3) >> 2;
  const last = <usize>(channels - 4) << 2;
  const sums = scratch;
  const moments = sums + <usize>groups * 48;
  for (let r0 = 0; r0 < rows; r0 += PIECE_ROWS) {
    const count = min(PIECE_ROWS, rows - r0);
    let p = x + <usize>r0 * stride;
    let acc = sums;
    for (let g = 0; g < groups; g++) {
      store4(acc, guess(p + min(<usize>g << 4, last), count, stride));
      store4(acc, splat(0), 16);
      store4(acc, splat(0), 32);
      acc += 48;
    }
    let r = 0;
    for (; r + 8 <= count; r += 8) {
      acc = sums;
      for (let g = 0; g < groups; g++) {
        let q = p + min(<usize>g << 4, last);
        const shift = load4(acc);
        const d0 = sub(load4(q), shift);
        q += stride;
        const d1 = sub(load4(q), shift);
        q += stride;
        const d2 = sub(load4(q), shift);
        q += stride;
        const d3 = sub(load4(q), shift);
        q += stride;
        let s = add(add(d0, d1), add(d2, d3));
        let t = madd(d1, d1, mul(d0, d0));
        let u = madd(d3, d3, mul(d2, d2));
        const d4 = sub(load4(q), shift);
        q += stride;
        const d5 = sub(load4(q), shift);
        q += stride;
        const d6 = sub(load4(q), shift);
        q += stride;
        const d7 = sub(load4(q), shift);
        s = add(s, add(add(d4, d5), add(d6, d7)));
        t = madd(d5, d5, madd(d4, d4, t));
        u = madd(d7, d7, madd(d6, d6, u));
        store4(acc, add(load4(acc, 16), s), 16);
        store4(acc, add(load4(acc, 32), add(t, u)), 32);
        acc += 48;
      }
      p += stride << 3;
    }
    for (; r < count; r++) {
      acc = sums;
      for (let g = 0; g < groups; g++) {
        const d = sub(load4(p + min(<usize>g << 4, last)), load4(acc));
        store4(acc, add(load4(acc, 16), d), 16);
        store4(acc, madd(d, d, load4(acc, 32)), 32);
        acc += 48;
      }
      p += stride;
    }
    merge(sums, moments, groups, r0, count);
  }
  for (let g = 0; g < groups; g++) {
    const from = moments + (<usize>g << 6);
    const to = min(<usize>g << 4, last) << 1;
    store4(meanOut + to, load4(from));
    store4(meanOut + to, load4(from, 16), 16);
    store4(m2Out + to, load4(from, 32));
    store4(m2Out + to, load4(from, 48), 16);
  }
}

/** The mean of the first 8, 4, 2 or 1 rows, added in pairs. */
function guess(p: usize, rows: i32, stride: usize): f4 {
  if (rows < 2) return load4(p);
  if (rows < 4) return mul(add(load4(p), load4(p + stride)), splat(0.5));
  if (rows < 8) return mul(sumOfFour(p, stride), splat(0.25));
  return mul(add(sumOfFour(p, stride), sumOfFour(p + 4 * stride, stride)), splat(0.125));
}

function sumOfFour(p: usize, stride: usize): f4 {
  const q = p + 2 * stride;
  return add(add(load4(p), load4(p + stride)), add(load4(q), load4(q + stride)));
}

/** Chan et al.: the moments of `before` rows and those of a piece of `count` rows become those of both. */
function merge(sums: usize, moments: usize, groups: i32, before: i32, count: i32): void {
  const n = <f64>count;
  const weight = n / (<f64>before + n);
  const inverse = splat2(1.0 / n);
  const w = splat2(weight);
  const cross = splat2(<f64>before * weight);
  let acc = sums;
  let mom = moments;
  for (let g = 0; g < groups; g++) {
    mergePair(acc, mom, before, inverse, w, cross);
    mergePair(acc + 8, mom + 16, before, inverse, w, cross);
    acc += 48;
    mom += 64;
  }
}

function mergePair(acc: usize, mom: usize, before: i32, inverse: d2, weight: d2, cross: d2): void {
  const s = widen(acc, 16);
  const offset = mul2(s, inverse);
  const mean = add2(widen(acc), offset);
  const m2 = sub2(widen(acc, 32), mul2(s, offset));
  if (before == 0) {
    store4(mom, mean);
    store4(mom, m2, 32);
    return;
  }
  const old = load4(mom);
  const delta = sub2(mean, old);
  store4(mom, add2(old, mul2(delta, weight)));
  store4(mom, add2(add2(load4(mom, 32), m2), mul2(mul2(delta, delta), cross)), 32);
}

/** One of fewer than four channels: plain float64. */
function narrow(x: usize, rows: i32, stride: usize, meanOut: usize, m2Out: usize): void {
  const shift = <f64>load<f32>(x);
  let s: f64 = 0;
  let t: f64 = 0;
  for (let r = 0; r < rows; r++) {
    const d = <f64>load<f32>(x) - shift;
    s += d;
    t += d * d;
    x += stride;
  }
  const offset = s / <f64>rows;
  store<f64>(meanOut, shift + offset);
  store<f64>(m2Out, max(0, t - s * offset));
}

export function momentsPlanes(args: MomentsPlanes, task: i32): void {
  const first = task * args.channelsPerTask;
  const end = min(first + args.channelsPerTask, args.channels);
  for (let c = first; c < end; c++) plane(args, c);
}

function plane(args: MomentsPlanes, channel: i32): void {
  const inner = args.inner;
  const step = (<usize>args.channels * inner) << 2;
  let base = args.x + ((<usize>channel * inner) << 2);
  let mean: f64 = 0;
  let m2: f64 = 0;
  let before = 0;
  let count = 0;
  let shift = splat(0);
  let sums = shift;
  let squares = shift;
  for (let n = 0; n < args.outer; n++) {
    let p = base;
    let left = inner;
    while (left > 0) {
      if (count == 0) {
        shift = splat(meanOfFirst(p, min(left, 16)));
        sums = squares = splat(0);
      }
      const take = min(left, PIECE_VALUES - count);
      const wide = p + ((<usize>take >> 4) << 6);
      const end = p + (<usize>take << 2);
      // Sixteen values at a time are added up among themselves first: the large sums then round less often, and not
      // always the same way where all values are multiples of one small number.
      for (; p < wide; p += 64) {
        const d0 = sub(load4(p), shift);
        const d1 = sub(load4(p, 16), shift);
        const d2 = sub(load4(p, 32), shift);
        const d3 = sub(load4(p, 48), shift);
        sums = add(sums, add(add(d0, d1), add(d2, d3)));
        squares = add(squares, add(madd(d1, d1, mul(d0, d0)), madd(d3, d3, mul(d2, d2))));
      }
      for (; p + 16 <= end; p += 16) {
        const d = sub(load4(p), shift);
        sums = add(sums, d);
        squares = madd(d, d, squares);
      }
      for (; p < end; p += 4) {
        const d = sub(loadOne(p), keepFirst(shift));
        sums = add(sums, d);
        squares = madd(d, d, squares);
      }
      count += take;
      left -= take;
      if (count == PIECE_VALUES || (left == 0 && n + 1 == args.outer)) {
        const all = <f64>count;
        const s = sumLanes(sums);
        const t = sumLanes(squares);
        const offset = s / all;
        const delta = <f64>lane0(shift) + offset - mean;
        const weight = all / (<f64>before + all);
        mean = before == 0 ? <f64>lane0(shift) + offset : mean + delta * weight;
        m2 += t - s * offset + (before == 0 ? 0 : delta * delta * <f64>before * weight);
        before += count;
        count = 0;
      }
    }
    base += step;
  }
  store<f64>(args.mean + (<usize>channel << 3), mean);
  store<f64>(args.m2 + (<usize>channel << 3), m2);
}

/** In float64, so that it is exact where all are equal. */
function meanOfFirst(p: usize, count: i32): f32 {
  let sum: f64 = 0;
  for (let i = 0; i < count; i++) sum += <f64>load<f32>(p + (<usize>i << 2));
  return <f32>(sum / <f64>count);
}
