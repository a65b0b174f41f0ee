/**
 * Mean and M2 of every channel of planes, x [outer, channels, inner], as momentsrows.ts does it: pieces of so many values
 * of a channel, in float32 around a guess at their mean, merged in float64.
 */
import { PIECE_VALUES, TILE_CHANNELS } from "./limits.gen";
import { FAR, narrow, tile } from "./momentsrows";
import { scratch } from "./scratch";
import { add, keepFirst, load4, loadOne, madd, mul, splat, store4, sub, sumLanes } from "./simd";
import { MomentsPlanes } from "./structs.gen";

/** Planes of fewer values than a step of the inner loop takes. */
const SMALL: i32 = 16;
/** Values that are added up before they join the sums of a piece, so that these round only a few times. */
const BLOCK: i32 = 128;
/** Where scratch memory has the moments of columns: after all that `tile` uses. */
const COLUMN_MEANS: usize = 131072;

export function momentsPlanes(args: MomentsPlanes, task: i32): void {
  const first = task * args.channelsPerTask;
  const end = min(first + args.channelsPerTask, args.channels);
  if (args.inner < SMALL) {
    const each = TILE_CHANNELS / args.inner;
    for (let c = first; c < end; c += each) smallPlanes(args, c, min(each, end - c));
  } else for (let c = first; c < end; c++) plane(args, c);
}

/** Channels whose planes are small: each of their places is a column of rows as long as an example, and so are the sums. */
function smallPlanes(args: MomentsPlanes, first: i32, channels: i32): void {
  const inner = args.inner;
  const width = args.channels * inner;
  const stride = <usize>width << 2;
  const columns = channels * inner;
  const means = scratch + COLUMN_MEANS;
  const m2s = means + (<usize>TILE_CHANNELS << 3);
  let own: usize = 0;
  if (width < 4) {
    const x = args.x + (<usize>(first * inner) << 2);
    for (let i: usize = 0; i < <usize>columns; i++) narrow(x + (i << 2), args.outer, stride, means + (i << 3), m2s + (i << 3));
  } else {
    const from = columns < 4 ? min(first * inner, width - 4) : first * inner;
    tile(args.x + (<usize>from << 2), args.outer, max(4, columns), stride, means, m2s);
    own = <usize>(first * inner - from) << 3;
  }
  const outer = <f64>args.outer;
  for (let c = 0; c < channels; c++) {
    let at = own + (<usize>(c * inner) << 3);
    let mean = load<f64>(means + at);
    let m2 = load<f64>(m2s + at);
    for (let i = 1; i < inner; i++) {
      at += 8;
      const delta = load<f64>(means + at) - mean;
      mean += delta / <f64>(i + 1);
      m2 += load<f64>(m2s + at) + delta * delta * outer * (<f64>i / <f64>(i + 1));
    }
    store<f64>(args.mean + (<usize>(first + c) << 3), mean);
    store<f64>(args.m2 + (<usize>(first + c) << 3), m2);
  }
}

/** A channel's values, some of them in each plane, in pieces that do not care where planes end. */
function plane(args: MomentsPlanes, channel: i32): void {
  const inner = args.inner;
  // From the end of one plane of the channel to the beginning of its next.
  const gap = (<usize>((args.channels - 1) * inner)) << 2;
  let p = args.x + (<usize>(channel * inner) << 2);
  let left = inner;
  let mean: f64 = 0;
  let m2: f64 = 0;
  let before = 0;
  const all = args.outer * inner;
  while (before < all) {
    const count = min(PIECE_VALUES, all - before);
    const n = <f64>count;
    let shift = someMean(p, left, inner, gap, count);
    sumPiece(p, left, inner, gap, count, shift);
    let s = sumLanes(load4(scratch));
    let t = sumLanes(load4(scratch, 16));
    if (t < Infinity && s * s > FAR * n * t) {
      // The guess was far from the mean: once more, now that the mean is known.
      shift = <f32>(<f64>shift + s / n);
      sumPiece(p, left, inner, gap, count, shift);
      s = sumLanes(load4(scratch));
      t = sumLanes(load4(scratch, 16));
    }
    let shifted = <f64>shift;
    if (!(t < Infinity)) {
      // Squares that left float32's range.
      shifted = <f64>load<f32>(p);
      sumExactly(p, left, inner, gap, count, shifted);
      s = load<f64>(scratch);
      t = load<f64>(scratch, 8);
    }
    const offset = s / n;
    const delta = shifted + offset - mean;
    const weight = n / (<f64>before + n);
    mean = before == 0 ? shifted + offset : mean + delta * weight;
    m2 += t - s * offset + (before == 0 ? 0 : delta * delta * <f64>before * weight);
    before += count;
    // Where the next piece begins.
    let passed = count;
    while (passed >= left) {
      passed -= left;
      p += (<usize>left << 2) + gap;
      left = inner;
    }
    p += <usize>passed << 2;
    left -= passed;
  }
  store<f64>(args.mean + (<usize>channel << 3), mean);
  store<f64>(args.m2 + (<usize>channel << 3), m2);
}

/** Σ (x − shift) and Σ (x − shift)² of `count` values, of which `left` are in the plane that p is in: to scratch, in float32. */
function sumPiece(p: usize, left: i32, inner: i32, gap: usize, count: i32, guess: f32): void {
  const shift = splat(guess);
  let allSums = splat(0);
  let allSquares = allSums;
  let sums = allSums;
  let squares = allSums;
  let fresh = 0;
  while (true) {
    const take = min(min(left, count), BLOCK);
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
    count -= take;
    fresh += take;
    if (fresh >= BLOCK || count == 0) {
      allSums = add(allSums, sums);
      allSquares = add(allSquares, squares);
      if (count == 0) break;
      sums = squares = splat(0);
      fresh = 0;
    }
    left -= take;
    if (left == 0) {
      p += gap;
      left = inner;
    }
  }
  store4(scratch, allSums);
  store4(scratch, allSquares, 16);
}

/** The same in float64, a value at a time. */
function sumExactly(p: usize, left: i32, inner: i32, gap: usize, count: i32, shift: f64): void {
  let s: f64 = 0;
  let t: f64 = 0;
  for (; count > 0; count--, left--, p += 4) {
    if (left == 0) {
      p += gap;
      left = inner;
    }
    const d = <f64>load<f32>(p) - shift;
    s += d;
    t += d * d;
  }
  store<f64>(scratch, s);
  store<f64>(scratch, t, 8);
}

/**
 * The mean of four runs of four values of a piece: apart, for neighbours are often alike, but not so far that what the sums
 * read next is not the next in memory. In float64, so that it is exact where all are equal.
 */
function someMean(p: usize, left: i32, inner: i32, gap: usize, count: i32): f32 {
  const step = min(64, max(0, count - 4) / 3);
  const next = p + (<usize>left << 2) + gap;
  let sum: f64 = 0;
  for (let i = 0; i < 4; i++) {
    // A run that would end beyond its plane is taken a little earlier: planes have at least 16 values.
    const place = i * step;
    if (place < left) sum += sumLanes(load4(p + (<usize>min(place, left - 4) << 2)));
    else {
      const planes = (place - left) / inner;
      const within = min(place - left - planes * inner, inner - 4);
      sum += sumLanes(load4(next + <usize>planes * ((<usize>inner << 2) + gap) + (<usize>within << 2)));
    }
  }
  return <f32>(sum / 16);
}
