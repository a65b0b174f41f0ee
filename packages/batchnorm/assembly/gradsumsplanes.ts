/**
 * Σ dy and Σ dy·(x − center) of every channel of planes, x and dy [outer, channels, inner]: runs of values in float32, their
 * sums in float64.
 */
import { narrow, tile } from "./gradsumsrows";
import { TILE_CHANNELS } from "./limits.gen";
import { Plain } from "./rectified";
import { scratch } from "./scratch";
import {
  add,
  add2,
  keepFirst,
  load4,
  loadOne,
  loadSplat,
  madd,
  splat,
  store4,
  sub,
  sumPair,
  widenHigh,
  widenLow,
  zero2,
} from "./simd";
import { GradSumsPlanes } from "./structs.gen";

/** Planes of fewer values are columns of rows, as in momentsplanes.ts. */
const SMALL: i32 = 16;
/** Values that are added up in float32, or a plane's rest more. */
const RUN: i32 = 256;
/** Where scratch memory has the centers and the sums of columns: after all that `tile` uses. */
const COLUMN_CENTERS: usize = 65536;
const COLUMN_SUMS: usize = 131072;

export function gradSumsPlanes(args: GradSumsPlanes, task: i32): void {
  const first = task * args.channelsPerTask;
  const end = min(first + args.channelsPerTask, args.channels);
  if (args.inner < SMALL) {
    const each = TILE_CHANNELS / args.inner;
    for (let c = first; c < end; c += each) smallPlanes(args, c, min(each, end - c));
  } else for (let c = first; c < end; c++) plane(args, c);
}

/** Channels whose planes are small: each of their places is a column of rows as long as an example, and so are the sums. */
function smallPlanes(args: GradSumsPlanes, first: i32, channels: i32): void {
  const inner = args.inner;
  const width = args.channels * inner;
  const stride = <usize>width << 2;
  const columns = channels * inner;
  // Four columns at least, if there are so many.
  const from = columns < 4 ? max(0, min(first * inner, width - 4)) : first * inner;
  const wide = min(width - from, max(4, columns));
  const centers = scratch + COLUMN_CENTERS;
  for (let i = 0; i < wide; i++) {
    store<f32>(centers + (<usize>i << 2), load<f32>(args.center + (<usize>((from + i) / inner) << 2)));
  }
  const x = args.x + (<usize>from << 2);
  const dy = args.dy + (<usize>from << 2);
  const sums = scratch + COLUMN_SUMS;
  const sumsX = sums + (<usize>TILE_CHANNELS << 3);
  if (width < 4) {
    for (let at: usize = 0; at < stride; at += 4) {
      narrow<Plain>(x + at, dy + at, centers + at, 0, 0, args.outer, stride, sums + 2 * at, sumsX + 2 * at);
    }
  } else tile<Plain>(x, dy, centers, 0, 0, args.outer, wide, stride, sums, sumsX);
  for (let c = first; c < first + channels; c++) {
    const own = <usize>(c * inner - from) << 3;
    store<f64>(args.sumDy + (<usize>c << 3), total(sums + own, inner));
    store<f64>(args.sumDyX + (<usize>c << 3), total(sumsX + own, inner));
  }
}

function total(p: usize, count: i32): f64 {
  let sum: f64 = 0;
  for (let i = 0; i < count; i++) sum += load<f64>(p + (<usize>i << 3));
  return sum;
}

function plane(args: GradSumsPlanes, channel: i32): void {
  const inner = args.inner;
  const start = (<usize>(channel * inner)) << 2;
  // From the end of one plane of the channel to the beginning of its next.
  const gap = (<usize>((args.channels - 1) * inner)) << 2;
  let p = args.x + start;
  let q = args.dy + start;
  const center = loadSplat(args.center + (<usize>channel << 2));
  let low = zero2(), high = low, lowX = low, highX = low;
  let s0 = splat(0), s1 = s0, t0 = s0, t1 = s0;
  let rest = args.outer * inner;
  let left = inner;
  let fresh = 0;
  while (rest > 0) {
    const take = min(left, RUN);
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
    rest -= take;
    left -= take;
    fresh += take;
    if (fresh >= RUN || rest == 0) {
      s0 = add(s0, s1);
      t0 = add(t0, t1);
      low = add2(low, widenLow(s0));
      high = add2(high, widenHigh(s0));
      lowX = add2(lowX, widenLow(t0));
      highX = add2(highX, widenHigh(t0));
      s0 = s1 = t0 = t1 = splat(0);
      fresh = 0;
    }
    if (left == 0) {
      p += gap;
      q += gap;
      left = inner;
    }
  }
  let sum = sumPair(add2(low, high));
  let sumX = sumPair(add2(lowX, highX));
  if (!isFinite(sum) || !isFinite(sumX)) {
    // Float32's range was too small, or a value is not finite itself.
    exactly(args, channel);
    if (!isFinite(sum)) sum = load<f64>(scratch);
    if (!isFinite(sumX)) sumX = load<f64>(scratch, 8);
  }
  store<f64>(args.sumDy + (<usize>channel << 3), sum);
  store<f64>(args.sumDyX + (<usize>channel << 3), sumX);
}

/** A channel's two sums in plain float64, to scratch. */
function exactly(args: GradSumsPlanes, channel: i32): void {
  const inner = args.inner;
  const bytes = <usize>inner << 2;
  const step = <usize>args.channels * bytes;
  const center = <f64>load<f32>(args.center + (<usize>channel << 2));
  let s: f64 = 0;
  let t: f64 = 0;
  for (let n = 0; n < args.outer; n++) {
    const at = <usize>n * step + <usize>channel * bytes;
    for (let i = at; i < at + bytes; i += 4) {
      const d = <f64>load<f32>(args.dy + i);
      s += d;
      t += d * (<f64>load<f32>(args.x + i) - center);
    }
  }
  store<f64>(scratch, s);
  store<f64>(scratch, t, 8);
}
