/**
 * Mean and M2 = Σ(x − mean)² of every channel of rows, in mergeable pieces; momentsplanes.ts has those of planes.
 *
 * A piece subtracts from all of its values a guess at their mean, made from a few of them, sums in float32, and is merged
 * into the running float64 moments by Chan's formula. The subtraction is what keeps the variance when the mean is large,
 * and keeps the sums small, so that float32 loses nothing that matters. Where the guess turns out to be far from the mean,
 * or squares are too large for float32, a piece is summed again, better. A constant channel gives its value and exactly 0:
 * the guess is a mean of a power of two of values, which is exact there.
 */
import { PIECE_ROWS, TILE_CHANNELS } from "./limits.gen";
import { scratch } from "./scratch";
import {
  add,
  add2,
  atMost,
  d2,
  equal,
  f4,
  keep,
  lanes,
  load4,
  madd,
  mul,
  mul2,
  splat,
  splat2,
  store4,
  sub,
  sub2,
  widen,
} from "./simd";
import { MomentsRows } from "./structs.gen";

/**
 * What share of Σ d² may come from the mean of d, the distance of the guess from the mean: it is 1.2 standard deviations
 * then. Further away M2 is a small difference of large sums. A single row far from all others, if it is one of those that
 * the guess is made from, is beyond.
 */
export const FAR: f32 = 0.6;
const ALL_LANES: i32 = 15;

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
 * Scratch: shift, sum, sum of squares (float32) of each group, then mean and M2 (float64) of each group, before and after
 * a piece is merged.
 */
export function tile(x: usize, rows: i32, channels: i32, stride: usize, meanOut: usize, m2Out: usize): void {
  const groups = (channels + 3) >> 2;
  const last = <usize>(channels - 4) << 2;
  const sums = scratch;
  let moments = sums + <usize>groups * 48;
  let merged = moments + (<usize>groups << 6);
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
    if (!merge(sums, moments, merged, groups, r0, count)) {
      mend(sums, moments, merged, groups, last, r0, count, x + <usize>r0 * stride, stride);
    }
    const old = moments;
    moments = merged;
    merged = old;
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

/** The mean of 8 rows, all over the piece, or of its first 4, 2 or 1, added in pairs. */
function guess(p: usize, rows: i32, stride: usize): f4 {
  if (rows < 2) return load4(p);
  if (rows < 4) return mul(add(load4(p), load4(p + stride)), splat(0.5));
  if (rows < 8) return mul(sumOfFour(p, stride), splat(0.25));
  const step = <usize>(rows >> 3) * stride;
  return mul(add(sumOfFour(p, step), sumOfFour(p + 4 * step, step)), splat(0.125));
}

function sumOfFour(p: usize, stride: usize): f4 {
  const q = p + 2 * stride;
  return add(add(load4(p), load4(p + stride)), add(load4(q), load4(q + stride)));
}

/**
 * Chan et al.: the moments of `before` rows, at `old`, and those of a piece of `count` rows become those of both, at `to`.
 * Gives whether float32 was good enough for the piece, in every channel.
 */
function merge(sums: usize, old: usize, to: usize, groups: i32, before: i32, count: i32): bool {
  const n = <f64>count;
  const weight = n / (<f64>before + n);
  const inverse = splat2(1.0 / n);
  const w = splat2(weight);
  const cross = splat2(<f64>before * weight);
  const share = splat(1 / <f32>count);
  let good = equal(share, share);
  for (let g = 0; g < groups; g++) {
    good = keep(good, sound(load4(sums, 16), load4(sums, 32), share));
    mergePair(sums, old, to, before, inverse, w, cross);
    mergePair(sums + 8, old + 16, to + 16, before, inverse, w, cross);
    sums += 48;
    old += 64;
    to += 64;
  }
  return lanes(good) == ALL_LANES;
}

/** In which channels of a group float32 was good enough: the guess was near the mean, and no square left float32's range. */
function sound(sum: f4, squares: f4, share: f4): f4 {
  // What is infinite times 0 is NaN, and so is what it is added to.
  return atMost(madd(squares, splat(0), mul(sum, mul(sum, share))), mul(squares, splat(FAR)));
}

/** Where float32 was not good enough for all of a piece: its moments in those channels in float64, from x. */
function mend(sums: usize, old: usize, to: usize, groups: i32, last: usize, before: i32, count: i32, x: usize, stride: usize): void {
  const share = splat(1 / <f32>count);
  const weight = <f64>count / <f64>(before + count);
  for (let g = 0; g < groups; g++) {
    const good = lanes(sound(load4(sums, 16), load4(sums, 32), share));
    for (let lane: usize = 0; lane < 4; lane++) {
      if ((good >> <i32>lane) & 1) continue;
      const from = old + (lane << 3);
      const at = to + (lane << 3);
      narrow(x + min(<usize>g << 4, last) + (lane << 2), count, stride, at, at + 32);
      if (before == 0) continue;
      const delta = load<f64>(at) - load<f64>(from);
      store<f64>(at, load<f64>(from) + delta * weight);
      store<f64>(at, load<f64>(from, 32) + load<f64>(at, 32) + delta * delta * <f64>before * weight, 32);
    }
    sums += 48;
    old += 64;
    to += 64;
  }
}

function mergePair(acc: usize, from: usize, to: usize, before: i32, inverse: d2, weight: d2, cross: d2): void {
  const s = widen(acc, 16);
  const offset = mul2(s, inverse);
  const mean = add2(widen(acc), offset);
  const m2 = sub2(widen(acc, 32), mul2(s, offset));
  if (before == 0) {
    store4(to, mean);
    store4(to, m2, 32);
    return;
  }
  const old = load4(from);
  const delta = sub2(mean, old);
  store4(to, add2(old, mul2(delta, weight)));
  store4(to, add2(add2(load4(from, 32), m2), mul2(mul2(delta, delta), cross)), 32);
}

/** One channel in plain float64: one of fewer than four, or a piece that float32 is not good enough for. */
export function narrow(x: usize, rows: i32, stride: usize, meanOut: usize, m2Out: usize): void {
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
