/**
 * Convolution by a 3×3 kernel at stride 1, by Winograd's F(4×4, 3×3): 36 products where the direct way takes 144.
 *
 *   Y = Aᵀ[ (G·g·Gᵀ) ∘ (Bᵀ·d·B) ]·A          (Lavin & Gray 2016)
 *
 * d is a 6×6 piece of the input, g the kernel, Y a 4×4 piece of the output: a tile. Summed over input channels, the
 * middle is 36 matrix products [tiles, ci]·[ci, co]. Tiles are transformed a segment of a row of tiles at a time, first
 * down the columns, then along the rows, always vectorised over channels; enough segments for some 1,000 values a product
 * are gathered before the products, so that everything stays in the cache.
 */
import { C16, C32, C64, pixelBytes, Some } from "./channels";
import { scratch } from "./scratch";
import { add, f4, greater, load4, loadSplat, madd, splat, store4, sub } from "./simd";

/** Floats between the rows of the strip that a segment is transformed in; the caller keeps six rows within L1. */
export const STRIP: i32 = 1552;
/** Tiles × channels that are gathered before the products. */
export const BATCH: i32 = 1024;
/** Where a row of zeros is in scratch memory, after the strip: it stands in for rows outside of an image. */
export const ZEROS: usize = 6 * STRIP << 2;
/** Where there is room for values that nobody wants. */
const TRASH: usize = 7 * STRIP << 2;
/** Where the gathered tiles begin. */
export const TILES: usize = TRASH + 64;

@unmanaged
export class Winograd {
  x: usize = 0; // f32 [n, h, w, ci]
  weight: usize = 0; // f32 [36, co/8, ci, 8] with `plane` floats from one of the 36 to the next, see winogradWeights
  y: usize = 0; // f32 [n, oh, ow, co]
  bias: usize = 0; // f32 [co], or 0
  n: i32 = 0;
  h: i32 = 0;
  w: i32 = 0;
  ci: i32 = 0; // a multiple of 4
  oh: i32 = 0;
  ow: i32 = 0;
  co: i32 = 0; // a multiple of 8
  padTop: i32 = 0;
  padLeft: i32 = 0;
  segmentTiles: i32 = 0;
  segmentsPerTask: i32 = 0;
  floor: f32 = 0; // what is below becomes it: 0 for a ReLU, −∞ for none
}

export function winograd(args: Winograd, task: i32): void {
  const ci = args.ci;
  const co = args.co;
  const tiles = args.segmentTiles;
  const perRow = ((args.ow + 3) / 4 + tiles - 1) / tiles;
  const rows = (args.oh + 3) / 4;
  const first = task * args.segmentsPerTask;
  const end = min(first + args.segmentsPerTask, args.n * rows * perRow);
  const most = max(ci, co);
  const batch = max(1, BATCH / most / tiles);
  // Sixteen floats more than a power of two: planes would share a set of the cache.
  const plane = <usize>(((batch * tiles + 3) & ~3) * most + 16) << 2;
  const strip = scratch;
  const v = scratch + TILES;
  const m = v + 36 * plane;
  memory.fill(scratch + ZEROS, 0, STRIP << 2);
  const weightPlane = <usize>(ci * co + 16) << 2;
  for (let s = first; s < end; s += batch) {
    const count = min(batch, end - s);
    for (let k = 0; k < count; k++) {
      const at = s + k;
      const row = at / perRow;
      const column = (at % perRow) * tiles * 4;
      inputStrip(args, row / rows, (row % rows) * 4 - args.padTop, column - args.padLeft, strip);
      inputTiles(strip, v + ((<usize>(k * tiles * ci)) << 2), tiles, ci, plane);
    }
    const all = count * tiles;
    for (let q: usize = 0; q < 36; q++) {
      const panels = args.weight + q * weightPlane;
      // Column 1 of Aᵀ is all ones: what is added to the product of row 1, column 1 is added to all 16 values of a tile.
      const start = args.bias && q == 7 ? args.bias : scratch + ZEROS;
      if (ci == 16) products<C16>(v + q * plane, all, panels, start, m + q * plane, ci, co);
      else if (ci == 32) products<C32>(v + q * plane, all, panels, start, m + q * plane, ci, co);
      else if (ci == 64) products<C64>(v + q * plane, all, panels, start, m + q * plane, ci, co);
      else products<Some>(v + q * plane, all, panels, start, m + q * plane, ci, co);
    }
    for (let k = 0; k < count; k++) {
      const at = s + k;
      const row = at / perRow;
      const from = m + (<usize>(k * tiles * co) << 2);
      if (co == 16) outputTiles<C16>(from, strip, tiles, co, plane);
      else if (co == 32) outputTiles<C32>(from, strip, tiles, co, plane);
      else if (co == 64) outputTiles<C64>(from, strip, tiles, co, plane);
      else outputTiles<Some>(from, strip, tiles, co, plane);
      outputStrip(args, row / rows, (row % rows) * 4, (at % perRow) * tiles * 4, strip);
    }
  }
}

/** Bᵀ of six groups of values, one after another `step` bytes apart at `to`. */
function transformInput(d0: f4, d1: f4, d2: f4, d3: f4, d4: f4, d5: f4, to: usize, step: usize): void {
  const a = madd(splat(-4), d2, d4);
  const b = madd(splat(-4), d1, d3);
  const c = sub(d4, d2);
  const e = sub(d3, d1);
  store4(to, madd(splat(4), d0, madd(splat(-5), d2, d4)));
  to += step;
  store4(to, add(a, b));
  to += step;
  store4(to, sub(a, b));
  to += step;
  store4(to, madd(splat(2), e, c));
  to += step;
  store4(to, madd(splat(-2), e, c));
  to += step;
  store4(to, madd(splat(4), d1, madd(splat(-5), d3, d5)));
}

/** Six input rows from `top`, some columns from `left`, transformed down the columns: [6, columns·ci]. */
export function inputStrip(args: Winograd, image: i32, top: i32, left: i32, strip: usize): void {
  const ci = args.ci;
  const pixel = <usize>ci << 2;
  const columns = args.segmentTiles * 4 + 2;
  const before = max(0, min(columns, -left));
  const inside = max(0, min(columns, args.w - left) - before);
  const line = <usize>args.w * pixel;
  const from = args.x + (<usize>(image * args.h + top) * args.w + <usize>(left + before)) * pixel;
  const bytes = <usize>inside * pixel;
  for (let i = 0; i < 6; i++) {
    const row = strip + <usize>(i * STRIP << 2);
    zero(row, <usize>before * pixel);
    zero(row + <usize>before * pixel + bytes, <usize>(columns - before - inside) * pixel);
  }
  const to = strip + <usize>before * pixel;
  const h = args.h;
  const p0 = rowOr(from, line, top, 0, h);
  const p1 = rowOr(from, line, top, 1, h);
  const p2 = rowOr(from, line, top, 2, h);
  const p3 = rowOr(from, line, top, 3, h);
  const p4 = rowOr(from, line, top, 4, h);
  const p5 = rowOr(from, line, top, 5, h);
  for (let i: usize = 0; i < bytes; i += 16) {
    const d0 = load4(p0 + i);
    const d1 = load4(p1 + i);
    const d2 = load4(p2 + i);
    const d3 = load4(p3 + i);
    const d4 = load4(p4 + i);
    transformInput(d0, d1, d2, d3, d4, load4(p5 + i), to + i, STRIP << 2);
  }
}

/** A few groups of zeros: memory.fill would cost more than it writes. */
export function zero(p: usize, bytes: usize): void {
  for (let i: usize = 0; i < bytes; i += 16) store4(p + i, splat(0));
}

/** Row `top + i` of an image of h rows, whose row `top` would be at an address; the row of zeros outside of the image. */
export function rowOr(from: usize, line: usize, top: i32, i: i32, h: i32): usize {
  const y = top + i;
  return y >= 0 && y < h ? from + <usize>i * line : scratch + ZEROS;
}

/** The strip transformed along its rows: plane 6·row + k of the 36, [tiles, ci]. */
export function inputTiles(strip: usize, v: usize, tiles: i32, ci: i32, plane: usize): void {
  if (ci == 16) inputTilesOf<C16>(strip, v, tiles, ci, plane);
  else if (ci == 32) inputTilesOf<C32>(strip, v, tiles, ci, plane);
  else if (ci == 64) inputTilesOf<C64>(strip, v, tiles, ci, plane);
  else inputTilesOf<Some>(strip, v, tiles, ci, plane);
}

function inputTilesOf<C>(strip: usize, v: usize, tiles: i32, ci: i32, plane: usize): void {
  const pixel = pixelBytes<C>(ci);
  for (let i = 0; i < 6; i++) {
    let p = strip + <usize>(i * STRIP << 2);
    let q = v;
    for (let t = 0; t < tiles; t++) {
      const end = p + pixel;
      for (; p < end; p += 16, q += 16) {
        const d1 = load4(p + pixel);
        const d2 = load4(p + 2 * pixel);
        const d3 = load4(p + 3 * pixel);
        const d4 = load4(p + 4 * pixel);
        transformInput(load4(p), d1, d2, d3, d4, load4(p + 5 * pixel), q, plane);
      }
      p += 3 * pixel;
    }
    v += 6 * plane;
  }
}

/** One of the 36 products: m [tiles, co] = start [co] + v [tiles, ci] · weights [ci, co], in panels of eight columns. */
function products<C>(v: usize, tiles: i32, panels: usize, start: usize, m: usize, ci: i32, co: i32): void {
  const panelBytes = 8 * pixelBytes<C>(ci);
  for (let j = 0; j < co; j += 8, panels += panelBytes, start += 32, m += 32) {
    product<C>(v, tiles, panels, start, m, ci, co);
  }
}

/** One panel of it, m [tiles, 8 of co], four tiles at a time. */
function product<C>(v: usize, tiles: i32, panel: usize, start: usize, m: usize, ci: i32, co: i32): void {
  const pixel = pixelBytes<C>(ci);
  const stride = <usize>co << 2;
  for (let t = 0; t < tiles; t += 4) {
    let c00 = load4(start);
    let c01 = load4(start, 16);
    let c10 = c00;
    let c11 = c01;
    let c20 = c00;
    let c21 = c01;
    let c30 = c00;
    let c31 = c01;
    const end = v + pixel;
    let b = panel;
    for (let p = v; p < end; p += 4, b += 32) {
      const b0 = load4(b);
      const b1 = load4(b, 16);
      let s = loadSplat(p);
      c00 = madd(s, b0, c00);
      c01 = madd(s, b1, c01);
      s = loadSplat(p + pixel);
      c10 = madd(s, b0, c10);
      c11 = madd(s, b1, c11);
      s = loadSplat(p + 2 * pixel);
      c20 = madd(s, b0, c20);
      c21 = madd(s, b1, c21);
      s = loadSplat(p + 3 * pixel);
      c30 = madd(s, b0, c30);
      c31 = madd(s, b1, c31);
    }
    let y = m;
    store4(y, c00);
    store4(y, c01, 16);
    y += stride;
    store4(y, c10);
    store4(y, c11, 16);
    y += stride;
    store4(y, c20);
    store4(y, c21, 16);
    y += stride;
    store4(y, c30);
    store4(y, c31, 16);
    v += 4 * pixel;
    m += 4 * stride;
  }
}

/** Which of the two output transforms: the last one has a floor. */
class Along {}
class Down {}

function bounded<T>(value: f4, floor: f4): f4 {
  return idof<T>() == idof<Down>() ? greater(value, floor) : value;
}

/** Aᵀ of six groups of values: four, one after another `step` bytes apart at `to`. */
// @ts-ignore: a decorator of AssemblyScript, which would not inline this by itself
@inline
function transformOutput<T>(p: usize, from: usize, to: usize, step: usize, floor: f4): void {
  const m0 = load4(p);
  p += from;
  const m1 = load4(p);
  p += from;
  const m2 = load4(p);
  p += from;
  const m3 = load4(p);
  p += from;
  const m4 = load4(p);
  const s1 = add(m1, m2);
  const d1 = sub(m1, m2);
  const s2 = add(m3, m4);
  const d2 = sub(m3, m4);
  store4(to, bounded<T>(add(m0, add(s1, s2)), floor));
  to += step;
  store4(to, bounded<T>(madd(splat(2), d2, d1), floor));
  to += step;
  store4(to, bounded<T>(madd(splat(4), s2, s1), floor));
  to += step;
  store4(to, bounded<T>(add(madd(splat(8), d2, d1), load4(p + from)), floor));
}

/** The products transformed along the rows: a strip [6, 4·tiles·co]. */
function outputTiles<C>(m: usize, strip: usize, tiles: i32, co: i32, plane: usize): void {
  const pixel = pixelBytes<C>(co);
  for (let i = 0; i < 6; i++) {
    let p = m;
    let q = strip + <usize>(i * STRIP << 2);
    for (let t = 0; t < tiles; t++) {
      const end = q + pixel;
      for (; q < end; p += 16, q += 16) transformOutput<Along>(p, plane, q, pixel, splat(0));
      q += 3 * pixel;
    }
    m += 6 * plane;
  }
}

/** The strip transformed down the columns: four rows of y, as many of them and of their columns as there are. */
function outputStrip(args: Winograd, image: i32, top: i32, left: i32, strip: usize): void {
  const floor = splat(args.floor);
  const co = args.co;
  const line = <usize>(args.ow * co) << 2;
  const bytes = <usize>(min(args.segmentTiles * 4, args.ow - left) * co) << 2;
  const y = args.y + (<usize>((image * args.oh + top) * args.ow + left) * co << 2);
  if (top + 4 <= args.oh) {
    for (let i: usize = 0; i < bytes; i += 16) transformOutput<Down>(strip + i, STRIP << 2, y + i, line, floor);
    return;
  }
  const rows = args.oh - top;
  for (let i: usize = 0; i < bytes; i += 16) {
    transformOutput<Down>(strip + i, STRIP << 2, scratch + TRASH, 16, floor);
    for (let r = 0; r < rows; r++) store4(y + i + <usize>r * line, load4(scratch + TRASH + (<usize>r << 4)));
  }
}
