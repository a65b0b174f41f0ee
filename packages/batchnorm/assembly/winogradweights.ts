/** The weights' side of winograd.ts: their transform, and their gradient. */
import { PANEL_ROW } from "./block";
import { C16, C32, C64, pixelBytes, Some } from "./channels";
import { PANEL, WINOGRAD_BATCH, WINOGRAD_GAP, WINOGRAD_STRIP } from "./limits.gen";
import { addOuter } from "./outer";
import { scratch } from "./scratch";
import { add, f4, gather4, load4, madd, mul, splat, store4, sub } from "./simd";
import { Winograd, WinogradGradWeight, WinogradWeights } from "./structs.gen";
import { inputStrip, inputTiles, LINE, rowOr, TILES, zero, ZEROS } from "./winogradinput";

/** G·g·Gᵀ of every kernel. A task takes the kernels of four output channels, or with `turn` of four input channels. */
export function winogradWeights(args: WinogradWeights, task: i32): void {
  const turn = args.turn != 0;
  const deep = turn ? args.co : args.ci;
  const across = turn ? args.ci : args.co;
  const first = task << 2;
  const plane = <usize>(deep * across + WINOGRAD_GAP) << 2;
  const kernel: usize = 36;
  // Bytes from a kernel to that of the next channel across, and of the next one deep.
  const next = turn ? kernel : <usize>args.ci * kernel;
  const further = turn ? <usize>args.ci * kernel : kernel;
  let g = args.weight + <usize>first * next;
  let to = args.panels + <usize>(first / PANEL * deep) * PANEL_ROW + (<usize>(first % PANEL) << 2);
  for (let d = 0; d < deep; d++) {
    // Down the columns into scratch [6][3][4], then along the rows.
    for (let k: usize = 0; k < 3; k++) {
      const column = g + ((turn ? 2 - k : k) << 2);
      const top = gather4(turn ? column + 24 : column, next);
      const bottom = gather4(turn ? column : column + 24, next);
      spreadKernel(top, gather4(column + 12, next), bottom, scratch + (k << 4), 48);
    }
    for (let i: usize = 0; i < 6; i++) {
      const row = scratch + i * 48;
      spreadKernel(load4(row), load4(row, 16), load4(row, 32), to + 6 * i * plane, plane);
    }
    g += further;
    to += PANEL_ROW;
  }
}

/** G of three groups of values: six, `step` bytes apart. */
function spreadKernel(g0: f4, g1: f4, g2: f4, to: usize, step: usize): void {
  const sum = mul(add(g0, g2), splat(<f32>(-1.0 / 6)));
  const half = mul(g1, splat(<f32>(1.0 / 6)));
  const quarter = add(mul(g0, splat(<f32>(1.0 / 24))), mul(g2, splat(<f32>(1.0 / 6))));
  const twelfth = mul(g1, splat(<f32>(1.0 / 12)));
  store4(to, mul(g0, splat(0.25)));
  to += step;
  store4(to, sub(sum, half));
  to += step;
  store4(to, add(sum, half));
  to += step;
  store4(to, add(quarter, twelfth));
  to += step;
  store4(to, sub(quarter, twelfth));
  to += step;
  store4(to, g2);
}

/** Σ over a task's tiles of (Bᵀ·d·B)ᵀ × (A·dy·Aᵀ), then Gᵀ(·)G once: the adjoint of the forward pass. */
export function winogradGradWeight(args: WinogradGradWeight, task: i32): void {
  const ci = args.ci;
  const co = args.co;
  const tiles = args.segmentTiles;
  const perRow = ((args.ow + 3) / 4 + tiles - 1) / tiles;
  const rows = (args.oh + 3) / 4;
  const first = task * args.segmentsPerTask;
  const end = min(first + args.segmentsPerTask, args.n * rows * perRow);
  const most = max(ci, co);
  // Twice as many as forward: each product also reads and writes its sums.
  const batch = max(1, (2 * WINOGRAD_BATCH) / most / tiles);
  const plane = <usize>(((batch * tiles + 3) & ~3) * most + WINOGRAD_GAP) << 2;
  const strip = scratch;
  const v = scratch + TILES;
  memory.fill(scratch + ZEROS, 0, LINE);
  const z = v + 36 * plane;
  const size = ci * co;
  const sumPlane = <usize>(size + WINOGRAD_GAP) << 2;
  const products = args.products + <usize>task * 36 * sumPlane;
  memory.fill(products, 0, 36 * sumPlane);
  for (let s = first; s < end; s += batch) {
    const count = min(batch, end - s);
    for (let k = 0; k < count; k++) {
      const at = s + k;
      const row = at / perRow;
      const column = (at % perRow) * tiles * 4;
      const input = changetype<Winograd>(changetype<usize>(args));
      inputStrip(input, row / rows, (row % rows) * 4 - args.padTop, column - args.padLeft, strip);
      inputTiles(strip, v + (<usize>(k * tiles * ci) << 2), tiles, ci, plane);
      gradStrip(args, row / rows, (row % rows) * 4, column, strip);
      const to = z + (<usize>(k * tiles * co) << 2);
      if (co == 16) gradTiles<C16>(strip, to, tiles, co, plane);
      else if (co == 32) gradTiles<C32>(strip, to, tiles, co, plane);
      else if (co == 64) gradTiles<C64>(strip, to, tiles, co, plane);
      else gradTiles<Some>(strip, to, tiles, co, plane);
    }
    const all = count * tiles;
    for (let q: usize = 0; q < 36; q++) {
      for (let i = 0; i < ci; i += 4) {
        for (let j = 0; j < co; j += PANEL) {
          const a = v + q * plane + (<usize>i << 2);
          const b = z + q * plane + (<usize>j << 2);
          const sum = products + q * sumPlane + (<usize>(i * co + j) << 2);
          addOuter(a, <usize>ci << 2, 0, b, <usize>co << 2, 0, 1, all, sum, <usize>co << 2);
        }
      }
    }
  }
  gather(products, sumPlane, args.sums + <usize>task * 9 * (<usize>size << 2), size);
}

/** A of four groups of values, at p and `from` bytes apart: six, `step` bytes apart at `to`. */
function spread(y0: f4, y1: f4, y2: f4, y3: f4, to: usize, step: usize): void {
  const even = add(y0, y2);
  const odd = add(y1, y3);
  const even2 = madd(splat(4), y2, y0);
  const odd2 = madd(splat(8), y3, add(y1, y1));
  store4(to, y0);
  to += step;
  store4(to, add(even, odd));
  to += step;
  store4(to, sub(even, odd));
  to += step;
  store4(to, add(even2, odd2));
  to += step;
  store4(to, sub(even2, odd2));
  to += step;
  store4(to, y3);
}

/** Four rows of dy spread down the columns: a strip [6, 4·tiles·co]; beyond the edges dy is 0. */
function gradStrip(args: WinogradGradWeight, image: i32, top: i32, left: i32, strip: usize): void {
  const pixel = <usize>args.co << 2;
  const columns = args.segmentTiles * 4;
  const inside = min(columns, args.ow - left);
  const bytes = <usize>inside * pixel;
  const line = <usize>args.ow * pixel;
  const from = args.dy + <usize>((image * args.oh + top) * args.ow + left) * pixel;
  const p1 = rowOr(from, line, top, 1, args.oh);
  const p2 = rowOr(from, line, top, 2, args.oh);
  const p3 = rowOr(from, line, top, 3, args.oh);
  for (let i: usize = 0; i < bytes; i += 16) {
    spread(load4(from + i), load4(p1 + i), load4(p2 + i), load4(p3 + i), strip + i, LINE);
  }
  for (let i = 0; i < 6; i++) zero(strip + <usize>i * LINE + bytes, <usize>(columns - inside) * pixel);
}

/** The strip spread along its rows: plane 6·row + k of the 36, [tiles, co]. */
function gradTiles<C>(strip: usize, z: usize, tiles: i32, co: i32, plane: usize): void {
  const pixel = pixelBytes<C>(co);
  for (let i = 0; i < 6; i++) {
    let p = strip + <usize>i * LINE;
    let q = z;
    for (let t = 0; t < tiles; t++) {
      const end = p + pixel;
      for (; p < end; p += 16, q += 16) {
        spread(load4(p), load4(p + pixel), load4(p + 2 * pixel), load4(p + 3 * pixel), q, plane);
      }
      p += 3 * pixel;
    }
    z += 6 * plane;
  }
}

/** Gᵀ(·)G of the 36 sums: nine, [3, 3, ci·co]. */
function gather(products: usize, plane: usize, sums: usize, size: i32): void {
  const bytes = <usize>size << 2;
  for (let i: usize = 0; i < bytes; i += 16) {
    for (let r: usize = 0; r < 6; r++) gatherSix(products + r * 6 * plane + i, plane, scratch + r * 48, 16);
    for (let k: usize = 0; k < 3; k++) gatherSix(scratch + k * 16, 48, sums + k * bytes + i, 3 * bytes);
  }
}

/** Gᵀ of six groups of values, `from` bytes apart: three, `step` bytes apart at `to`. */
function gatherSix(p: usize, from: usize, to: usize, step: usize): void {
  const u0 = load4(p);
  p += from;
  const u1 = load4(p);
  p += from;
  const u2 = load4(p);
  p += from;
  const u3 = load4(p);
  p += from;
  const u4 = load4(p);
  const a = mul(add(u1, u2), splat(<f32>(1.0 / 6)));
  const b = add(u3, u4);
  store4(to, sub(madd(b, splat(<f32>(1.0 / 24)), mul(u0, splat(0.25))), a));
  to += step;
  store4(to, madd(sub(u3, u4), splat(<f32>(1.0 / 12)), mul(sub(u2, u1), splat(<f32>(1.0 / 6)))));
  to += step;
  store4(to, sub(add(mul(b, splat(<f32>(1.0 / 6))), load4(p + from)), a));
}
