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
import { PANEL_ROW } from "./block";
import { C16, C32, C64, pixelBytes, Some } from "./channels";
import { BLOCK_ROWS, PANEL, WINOGRAD_BATCH, WINOGRAD_GAP, WINOGRAD_STRIP } from "./limits.gen";
import { scratch } from "./scratch";
import { add, f4, greater, load4, loadSplat, madd, splat, store4, sub } from "./simd";
import { Winograd } from "./structs.gen";
import { inputStrip, inputTiles, LINE, TILES, TRASH, ZEROS } from "./winogradinput";

export function winograd(args: Winograd, task: i32): void {
  const ci = args.ci;
  const co = args.co;
  const tiles = args.segmentTiles;
  const perRow = ((args.ow + 3) / 4 + tiles - 1) / tiles;
  const rows = (args.oh + 3) / 4;
  const first = task * args.segmentsPerTask;
  const end = min(first + args.segmentsPerTask, args.n * rows * perRow);
  const most = max(ci, co);
  const batch = max(1, WINOGRAD_BATCH / most / tiles);
  // Some floats more than a power of two: planes would share a set of the cache.
  const plane = <usize>(((batch * tiles + 3) & ~3) * most + WINOGRAD_GAP) << 2;
  const strip = scratch;
  const v = scratch + TILES;
  const m = v + 36 * plane;
  memory.fill(scratch + ZEROS, 0, LINE);
  const weightPlane = <usize>(ci * co + WINOGRAD_GAP) << 2;
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

/** One of the 36 products: m [tiles, co] = start [co] + v [tiles, ci] · weights [ci, co], a panel of columns at a time. */
function products<C>(v: usize, tiles: i32, panels: usize, start: usize, m: usize, ci: i32, co: i32): void {
  const panelBytes = <usize>PANEL * pixelBytes<C>(ci);
  for (let j = 0; j < co; j += PANEL, panels += panelBytes, start += PANEL_ROW, m += PANEL_ROW) {
    product<C>(v, tiles, panels, start, m, ci, co);
  }
}

/** One panel of it, m [tiles, PANEL of co], four tiles at a time. */
function product<C>(v: usize, tiles: i32, panel: usize, start: usize, m: usize, ci: i32, co: i32): void {
  const pixel = pixelBytes<C>(ci);
  const stride = <usize>co << 2;
  for (let t = 0; t < tiles; t += BLOCK_ROWS) {
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
    for (let p = v; p < end; p += 4, b += PANEL_ROW) {
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
    v += <usize>BLOCK_ROWS * pixel;
    m += <usize>BLOCK_ROWS * stride;
  }
}

/** Which of the two output transforms: the last one has a floor. */
class Along {}
class Down {}

function bounded<T>(value: f4, floor: f4): f4 {
  return idof<T>() == idof<Down>() ? greater(value, floor) : value;
}

/** Aᵀ of six groups of values: four, one after another `step` bytes apart at `to`. */
// The compiler would not inline this by itself.
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
    let q = strip + <usize>i * LINE;
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
    for (let i: usize = 0; i < bytes; i += 16) transformOutput<Down>(strip + i, LINE, y + i, line, floor);
    return;
  }
  const rows = args.oh - top;
  for (let i: usize = 0; i < bytes; i += 16) {
    transformOutput<Down>(strip + i, LINE, scratch + TRASH, 16, floor);
    for (let r = 0; r < rows; r++) store4(y + i + <usize>r * line, load4(scratch + TRASH + (<usize>r << 4)));
  }
}
