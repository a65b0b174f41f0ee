/**
 * The input side of winograd.ts, which the gradient of the weights needs too: pieces of an image, transformed first down the
 * columns, then along the rows. Scratch memory begins with the strip that this is done in.
 */
import { C16, C32, C64, pixelBytes, Some } from "./channels";
import { WINOGRAD_STRIP } from "./limits.gen";
import { scratch } from "./scratch";
import { add, f4, load4, madd, splat, store4, sub } from "./simd";
import { Winograd } from "./structs.gen";

/** Bytes from one row of the strip, that a segment is transformed in, to the next. */
export const LINE: usize = <usize>WINOGRAD_STRIP << 2;
/** Where a row of zeros is in scratch memory, after the strip: it stands in for rows outside of an image. */
export const ZEROS: usize = 6 * LINE;
/** Where there is room for values that nobody wants. */
export const TRASH: usize = 7 * LINE;
/** Where the gathered tiles begin. */
export const TILES: usize = TRASH + 64;

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
    const row = strip + <usize>i * LINE;
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
    transformInput(d0, d1, d2, d3, d4, load4(p5 + i), to + i, LINE);
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
    let p = strip + <usize>i * LINE;
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
