/**
 * C = A·B + bias, float32, for row-major matrices either of which may be stored transposed.
 *
 * A task computes a few panels of 8 columns. For each panel it packs 256 rows of B at a time into scratch memory
 * ([k][8], in L1) and runs a 4×8 register block down the rows of A, which are read where they lie. Every element of C
 * is the same chain of operations however the panels are shared out, so the bits do not depend on the thread count.
 */
import { scratch } from "./scratch";
import { load4, loadSplat, madd, splat, store4, transpose4 } from "./simd";

const NR: i32 = 8;
const KC: i32 = 256;

@unmanaged
export class Gemm {
  a: usize = 0; // f32 [m, k], or [k, m] when transposeA
  b: usize = 0; // f32 [k, n], or [n, k] when transposeB
  c: usize = 0; // f32 [m, n]
  bias: usize = 0; // f32 [n], or 0 for none
  m: i32 = 0;
  n: i32 = 0;
  k: i32 = 0;
  transposeA: i32 = 0;
  transposeB: i32 = 0;
  panelsPerTask: i32 = 0; // panels of 8 columns
}

export function gemm(args: Gemm, task: i32): void {
  const n = args.n;
  const first = task * args.panelsPerTask * NR;
  const end = min(first + args.panelsPerTask * NR, n);
  const panel = scratch;
  const bias = panel + KC * NR * 4;
  for (let j = first; j < end; j += NR) {
    const width = min(NR, n - j);
    store4(bias, splat(0));
    store4(bias, splat(0), 16);
    if (args.bias) memory.copy(bias, args.bias + (<usize>j << 2), <usize>width << 2);
    for (let k = 0; k < args.k; k += KC) {
      const depth = min(KC, args.k - k);
      if (args.transposeB) packColumns(args, j, width, k, depth, panel);
      else packRows(args, j, width, k, depth, panel);
      column(args, j, width, k, depth, panel, bias);
    }
  }
}

/** Panel from B stored [k, n]: a row of the panel is a piece of a row of B. */
function packRows(args: Gemm, j: i32, width: i32, k: i32, depth: i32, to: usize): void {
  const stride = <usize>args.n << 2;
  let from = args.b + <usize>k * stride + (<usize>j << 2);
  if (width == NR) {
    for (let i = 0; i < depth; i++) {
      store4(to, load4(from));
      store4(to, load4(from, 16), 16);
      from += stride;
      to += 32;
    }
    return;
  }
  for (let i = 0; i < depth; i++) {
    for (let x = 0; x < NR; x++) {
      store<f32>(to + (<usize>x << 2), x < width ? load<f32>(from + (<usize>x << 2)) : 0);
    }
    from += stride;
    to += 32;
  }
}

/** Panel from B stored [n, k]: a column of the panel is a piece of a row of B. */
function packColumns(args: Gemm, j: i32, width: i32, k: i32, depth: i32, to: usize): void {
  const stride = <usize>args.k << 2;
  const from = args.b + <usize>j * stride + (<usize>k << 2);
  let i = 0;
  if (width == NR) {
    for (; i + 4 <= depth; i += 4) {
      const p = from + (<usize>i << 2);
      const q = p + 4 * stride;
      transpose4(load4(p), load4(p + stride), load4(p + 2 * stride), load4(p + 3 * stride), to, 32);
      transpose4(load4(q), load4(q + stride), load4(q + 2 * stride), load4(q + 3 * stride), to + 16, 32);
      to += 128;
    }
  }
  for (; i < depth; i++) {
    for (let x = 0; x < NR; x++) {
      store<f32>(to + (<usize>x << 2), x < width ? load<f32>(from + <usize>x * stride + (<usize>i << 2)) : 0);
    }
    to += 32;
  }
}

/** One panel of C from one panel of B: the first time on top of the bias, later on top of what C holds. */
function column(args: Gemm, j: i32, width: i32, k: i32, depth: i32, panel: usize, bias: usize): void {
  const m = args.m;
  const stride = <usize>args.n << 2;
  const edge = bias + 32; // a 4×8 block of its own where C has less room
  let c = args.c + (<usize>j << 2);
  for (let i = 0; i < m; i += 4) {
    const height = min(4, m - i);
    if (width == NR && height == 4) {
      if (k == 0) block(args, i, k, depth, panel, bias, 0, c, stride);
      else block(args, i, k, depth, panel, c, stride, c, stride);
    } else if (k == 0) {
      block(args, i, k, depth, panel, bias, 0, edge, 32);
      copyBlock(edge, 32, c, stride, height, width);
    } else {
      copyBlock(c, stride, edge, 32, height, width);
      block(args, i, k, depth, panel, edge, 32, edge, 32);
      copyBlock(edge, 32, c, stride, height, width);
    }
    c += stride << 2;
  }
}

function copyBlock(from: usize, fromStride: usize, to: usize, toStride: usize, height: i32, width: i32): void {
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) store<f32>(to + (<usize>x << 2), load<f32>(from + (<usize>x << 2)));
    from += fromStride;
    to += toStride;
  }
}

/** Rows past the end of A repeat its last one; what they give is not copied out. */
function block(
  args: Gemm,
  i: i32,
  k: i32,
  depth: i32,
  panel: usize,
  start: usize,
  startStride: usize,
  c: usize,
  stride: usize,
): void {
  const last = args.m - 1;
  if (args.transposeA) {
    const a = args.a + ((<usize>k * args.m) << 2);
    const down = <usize>args.m << 2;
    if (i + 4 <= args.m) blockColumns(a + (<usize>i << 2), down, depth, panel, start, startStride, c, stride);
    else {
      const a0 = a + (<usize>i << 2);
      const a1 = a + (<usize>min(i + 1, last) << 2);
      const a2 = a + (<usize>min(i + 2, last) << 2);
      blockRows(a0, a1, a2, a2, down, depth, panel, start, startStride, c, stride);
    }
  } else {
    const a = args.a + (<usize>k << 2);
    const across = <usize>args.k << 2;
    const a0 = a + <usize>i * across;
    const a1 = a + <usize>min(i + 1, last) * across;
    const a2 = a + <usize>min(i + 2, last) * across;
    const a3 = a + <usize>min(i + 3, last) * across;
    blockRows(a0, a1, a2, a3, 4, depth, panel, start, startStride, c, stride);
  }
}

/** The 4×8 block where the four values of a step of k lie apart. Not unrolled over k: engines run out of registers. */
function blockRows(
  a0: usize,
  a1: usize,
  a2: usize,
  a3: usize,
  step: usize,
  depth: i32,
  panel: usize,
  start: usize,
  startStride: usize,
  c: usize,
  stride: usize,
): void {
  let c00 = load4(start);
  let c01 = load4(start, 16);
  start += startStride;
  let c10 = load4(start);
  let c11 = load4(start, 16);
  start += startStride;
  let c20 = load4(start);
  let c21 = load4(start, 16);
  start += startStride;
  let c30 = load4(start);
  let c31 = load4(start, 16);
  for (let k = 0; k < depth; k++) {
    const b0 = load4(panel);
    const b1 = load4(panel, 16);
    let t = loadSplat(a0);
    c00 = madd(t, b0, c00);
    c01 = madd(t, b1, c01);
    t = loadSplat(a1);
    c10 = madd(t, b0, c10);
    c11 = madd(t, b1, c11);
    t = loadSplat(a2);
    c20 = madd(t, b0, c20);
    c21 = madd(t, b1, c21);
    t = loadSplat(a3);
    c30 = madd(t, b0, c30);
    c31 = madd(t, b1, c31);
    a0 += step;
    a1 += step;
    a2 += step;
    a3 += step;
    panel += 32;
  }
  store4(c, c00);
  store4(c, c01, 16);
  c += stride;
  store4(c, c10);
  store4(c, c11, 16);
  c += stride;
  store4(c, c20);
  store4(c, c21, 16);
  c += stride;
  store4(c, c30);
  store4(c, c31, 16);
}

/** The same where they lie side by side: A stored [k, m]. */
function blockColumns(
  a: usize,
  step: usize,
  depth: i32,
  panel: usize,
  start: usize,
  startStride: usize,
  c: usize,
  stride: usize,
): void {
  let c00 = load4(start);
  let c01 = load4(start, 16);
  start += startStride;
  let c10 = load4(start);
  let c11 = load4(start, 16);
  start += startStride;
  let c20 = load4(start);
  let c21 = load4(start, 16);
  start += startStride;
  let c30 = load4(start);
  let c31 = load4(start, 16);
  for (let k = 0; k < depth; k++) {
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
    a += step;
    panel += 32;
  }
  store4(c, c00);
  store4(c, c01, 16);
  c += stride;
  store4(c, c10);
  store4(c, c11, 16);
  c += stride;
  store4(c, c20);
  store4(c, c21, 16);
  c += stride;
  store4(c, c30);
  store4(c, c31, 16);
}
