/**
 * C = A·B + bias, float32, for row-major matrices either of which may be stored transposed.
 *
 * A task computes up to eight panels of 8 columns. Up to 400 steps of k at a time, it packs its panels of B ([k][8] each), then
 * goes down the rows of A four at a time: packs them ([k][4]) and runs the 4×8 register block on each panel (the numbers
 * are those of src/kernels/contract/limits.ts). Every
 * element of C is the same chain of operations however the panels are shared out, so the bits do not depend on the thread
 * count.
 */
import { BLOCK_BYTES, PANEL_ROW } from "./block";
import { BLOCK_ROWS, GEMM_DEPTH, GEMM_PANELS, PANEL } from "./limits.gen";
import { scratch } from "./scratch";
import { add, load4, loadSplat, madd, splat, store4, transpose4 } from "./simd";
import { Gemm } from "./structs.gen";

/** Scratch: a block of C, the bias of each panel, four rows of A, then the panels of B. */
const EDGE: usize = 0;
const BIAS: usize = BLOCK_BYTES;
const ROWS: usize = BIAS + <usize>GEMM_PANELS * PANEL_ROW + 128;
const PANELS: usize = ROWS + <usize>GEMM_DEPTH * BLOCK_ROWS * 4;
const PANEL_BYTES: usize = <usize>GEMM_DEPTH * PANEL_ROW;

export function gemm(args: Gemm, task: i32): void {
  const m = args.m;
  const first = task * args.panelsPerTask * PANEL;
  const end = min(first + args.panelsPerTask * PANEL, args.n);
  const bias = scratch + BIAS;
  memory.fill(bias, 0, <usize>args.panelsPerTask * PANEL_ROW);
  if (args.bias) memory.copy(bias, args.bias + (<usize>first << 2), <usize>(end - first) << 2);
  // As few goes as possible, of nearly the same depth: a short last one would cost a whole one's loads and stores.
  const goes = (args.k + GEMM_DEPTH - 1) / GEMM_DEPTH;
  const deep = (args.k + goes - 1) / goes;
  for (let k = 0; k < args.k; k += deep) {
    const depth = min(deep, args.k - k);
    let panel = scratch + PANELS;
    for (let j = first; j < end; j += PANEL) {
      const width = min(PANEL, end - j);
      if (args.transposeB) packColumns(args, j, width, k, depth, panel);
      else packRows(args, j, width, k, depth, panel);
      panel += PANEL_BYTES;
    }
    for (let i = 0; i < m; i += BLOCK_ROWS) {
      const height = min(BLOCK_ROWS, m - i);
      if (args.transposeA) packAcross(args, i, height, k, depth);
      else packDown(args, i, height, k, depth);
      row(args, i, height, first, end, k, depth);
    }
  }
}

/** Four rows of C from four rows of A and the task's panels: at first on top of the bias, then of what C holds. */
function row(args: Gemm, i: i32, height: i32, first: i32, end: i32, k: i32, depth: i32): void {
  const stride = <usize>args.n << 2;
  const edge = scratch + EDGE;
  let c = args.c + <usize>i * stride + (<usize>first << 2);
  let panel = scratch + PANELS;
  let bias = scratch + BIAS;
  for (let j = first; j < end; j += PANEL) {
    const width = min(PANEL, end - j);
    if (width == PANEL && height == BLOCK_ROWS) {
      if (k == 0) block(depth, panel, bias, 0, c, stride);
      else block(depth, panel, c, stride, c, stride);
    } else {
      // C has less room than the block: it is computed apart.
      if (k == 0) block(depth, panel, bias, 0, edge, PANEL_ROW);
      else {
        copyBlock(c, stride, edge, PANEL_ROW, height, width);
        block(depth, panel, edge, PANEL_ROW, edge, PANEL_ROW);
      }
      copyBlock(edge, PANEL_ROW, c, stride, height, width);
    }
    c += PANEL_ROW;
    panel += PANEL_BYTES;
    bias += PANEL_ROW;
  }
}

/** Panel from B stored [k, n]: a row of the panel is a piece of a row of B. */
function packRows(args: Gemm, j: i32, width: i32, k: i32, depth: i32, to: usize): void {
  const stride = <usize>args.n << 2;
  let from = args.b + <usize>k * stride + (<usize>j << 2);
  if (width == PANEL) {
    for (let i = 0; i < depth; i++) {
      store4(to, load4(from));
      store4(to, load4(from, 16), 16);
      from += stride;
      to += PANEL_ROW;
    }
    return;
  }
  for (let i = 0; i < depth; i++) {
    for (let x = 0; x < PANEL; x++) {
      store<f32>(to + (<usize>x << 2), x < width ? load<f32>(from + (<usize>x << 2)) : 0);
    }
    from += stride;
    to += PANEL_ROW;
  }
}

/** Panel from B stored [n, k]: a column of the panel is a piece of a row of B. */
function packColumns(args: Gemm, j: i32, width: i32, k: i32, depth: i32, to: usize): void {
  const stride = <usize>args.k << 2;
  const from = args.b + <usize>j * stride + (<usize>k << 2);
  let i = 0;
  if (width == PANEL) {
    for (; i + 4 <= depth; i += 4) {
      const p = from + (<usize>i << 2);
      const q = p + 4 * stride;
      transpose4(load4(p), load4(p + stride), load4(p + 2 * stride), load4(p + 3 * stride), to, PANEL_ROW);
      transpose4(load4(q), load4(q + stride), load4(q + 2 * stride), load4(q + 3 * stride), to + 16, PANEL_ROW);
      to += 4 * PANEL_ROW;
    }
  }
  for (; i < depth; i++) {
    for (let x = 0; x < PANEL; x++) {
      store<f32>(to + (<usize>x << 2), x < width ? load<f32>(from + <usize>x * stride + (<usize>i << 2)) : 0);
    }
    to += PANEL_ROW;
  }
}

/** Rows of A stored [m, k]; rows past the end are zeros. */
function packDown(args: Gemm, i: i32, height: i32, k: i32, depth: i32): void {
  const stride = <usize>args.k << 2;
  const from = args.a + <usize>i * stride + (<usize>k << 2);
  let to = scratch + ROWS;
  let x = 0;
  if (height == BLOCK_ROWS) {
    for (; x + 4 <= depth; x += 4) {
      const p = from + (<usize>x << 2);
      transpose4(load4(p), load4(p + stride), load4(p + 2 * stride), load4(p + 3 * stride), to, 16);
      to += 64;
    }
  }
  for (; x < depth; x++) {
    for (let y = 0; y < BLOCK_ROWS; y++) {
      store<f32>(to, y < height ? load<f32>(from + <usize>y * stride + (<usize>x << 2)) : 0);
      to += 4;
    }
  }
}

/** Rows of A stored [k, m]: its columns. */
function packAcross(args: Gemm, i: i32, height: i32, k: i32, depth: i32): void {
  const stride = <usize>args.m << 2;
  let from = args.a + <usize>k * stride + (<usize>i << 2);
  let to = scratch + ROWS;
  if (height == BLOCK_ROWS) {
    for (let x = 0; x < depth; x++) {
      store4(to, load4(from));
      from += stride;
      to += 16;
    }
    return;
  }
  for (let x = 0; x < depth; x++) {
    for (let y = 0; y < BLOCK_ROWS; y++) {
      store<f32>(to, y < height ? load<f32>(from + (<usize>y << 2)) : 0);
      to += 4;
    }
    from += stride;
  }
}

function copyBlock(from: usize, fromStride: usize, to: usize, toStride: usize, height: i32, width: i32): void {
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) store<f32>(to + (<usize>x << 2), load<f32>(from + (<usize>x << 2)));
    from += fromStride;
    to += toStride;
  }
}

/**
 * The 4×8 register block: c = start + A·B. The product's own sum begins at 0, so that it is rounded as what it is, and not as
 * the sum of all goes. Not unrolled over k: engines run out of registers.
 */
function block(depth: i32, panel: usize, start: usize, startStride: usize, c: usize, stride: usize): void {
  let c00 = splat(0);
  let c01 = c00;
  let c10 = c00;
  let c11 = c00;
  let c20 = c00;
  let c21 = c00;
  let c30 = c00;
  let c31 = c00;
  let a = scratch + ROWS;
  const end = panel + (<usize>depth * PANEL_ROW);
  for (; panel < end; panel += PANEL_ROW) {
    const b0 = load4(panel);
    const b1 = load4(panel, 16);
    let t = loadSplat(a);
    c00 = madd(t, b0, c00);
    c01 = madd(t, b1, c01);
    t = loadSplat(a, 4);
    c10 = madd(t, b0, c10);
    c11 = madd(t, b1, c11);
    t = loadSplat(a, 8);
    c20 = madd(t, b0, c20);
    c21 = madd(t, b1, c21);
    t = loadSplat(a, 12);
    c30 = madd(t, b0, c30);
    c31 = madd(t, b1, c31);
    a += 16;
  }
  store4(c, add(load4(start), c00));
  store4(c, add(load4(start, 16), c01), 16);
  start += startStride;
  c += stride;
  store4(c, add(load4(start), c10));
  store4(c, add(load4(start, 16), c11), 16);
  start += startStride;
  c += stride;
  store4(c, add(load4(start), c20));
  store4(c, add(load4(start, 16), c21), 16);
  start += startStride;
  c += stride;
  store4(c, add(load4(start), c30));
  store4(c, add(load4(start, 16), c31), 16);
}
