/**
 * dx = dy·a + ((x − center)·b + c), a channel at a time: the gradient of the input of a batch norm that normalized
 * by the statistics of its batch, with the two sums of gradsums*.ts folded into a, b and c.
 * In the rows form a ReLU may have come after the normalization: see rectified.ts. Where the statistics were constants, dx =
 * dy·a: with b = c = 0 instead, an x that is infinite would give NaN.
 * Rows form: x, dy and dx are [rows, channels]. Planes form: [outer, channels, inner]. dx must not overlap x or dy.
 */
import { GradInputPlanes, GradInputRows } from "./structs.gen";
import { fromEnd } from "./tasks";
import { coefficient, passed, passedScalar, Plain, Rectified } from "./rectified";
import { f4, load4, loadSplat, madd, maddScalar, mul, store4, sub } from "./simd";

export function gradInputRows(args: GradInputRows, task: i32): void {
  if (!args.b) {
    if (args.scale) scaled<Rectified>(args, task);
    else scaled<Plain>(args, task);
  } else if (args.scale) input<Rectified>(args, task);
  else input<Plain>(args, task);
}

function input<T>(args: GradInputRows, task: i32): void {
  const channels = args.channels;
  const first = fromEnd(task, args.rows, args.rowsPerTask);
  const rows = min(args.rowsPerTask, args.rows - first);
  const stride = (<usize>channels) << 2;
  let x = args.x + <usize>first * stride;
  let dy = args.dy + <usize>first * stride;
  let dx = args.dx + <usize>first * stride;
  const center = args.center;
  const a = args.a;
  const b = args.b;
  const c = args.c;
  const groups = (channels + 3) >> 2;
  const last = stride - 16;
  let r = 0;
  if (channels >= 4) {
    for (; r + 4 <= rows; r += 4) {
      for (let g = 0; g < groups; g++) {
        const at = min(<usize>g << 4, last);
        const m = load4(center + at);
        const ka = load4(a + at);
        const slope = load4(b + at);
        const kc = load4(c + at);
        const ks = coefficient<T>(args.scale + at);
        const kb = coefficient<T>(args.shift + at);
        let u = x + at;
        let v = dy + at;
        let w = dx + at;
        const r0 = gradient<T>(load4(v), sub(load4(u), m), ka, slope, kc, ks, kb);
        const r1 = gradient<T>(load4(v + stride), sub(load4(u + stride), m), ka, slope, kc, ks, kb);
        u += 2 * stride;
        v += 2 * stride;
        const r2 = gradient<T>(load4(v), sub(load4(u), m), ka, slope, kc, ks, kb);
        const r3 = gradient<T>(load4(v + stride), sub(load4(u + stride), m), ka, slope, kc, ks, kb);
        store4(w, r0);
        store4(w + stride, r1);
        w += 2 * stride;
        store4(w, r2);
        store4(w + stride, r3);
      }
      x += stride << 2;
      dy += stride << 2;
      dx += stride << 2;
    }
    for (; r < rows; r++) {
      for (let g = 0; g < groups; g++) {
        const at = min(<usize>g << 4, last);
        const d = sub(load4(x + at), load4(center + at));
        const ks = coefficient<T>(args.scale + at);
        const kb = coefficient<T>(args.shift + at);
        store4(dx + at, gradient<T>(load4(dy + at), d, load4(a + at), load4(b + at), load4(c + at), ks, kb));
      }
      x += stride;
      dy += stride;
      dx += stride;
    }
  }
  for (; r < rows; r++) {
    for (let at: usize = 0; at < stride; at += 4) {
      const d = load<f32>(x + at) - load<f32>(center + at);
      const passing = passedScalar<T>(load<f32>(dy + at), d, args.scale + at, args.shift + at);
      store<f32>(dx + at, scalar(d, passing, at, a, b, c));
    }
    x += stride;
    dy += stride;
    dx += stride;
  }
}

/** dx = dy·a, where dy passed the ReLU. */
function scaled<T>(args: GradInputRows, task: i32): void {
  const stride = (<usize>args.channels) << 2;
  const first = fromEnd(task, args.rows, args.rowsPerTask);
  const start = <usize>first * stride;
  const end = start + <usize>min(args.rowsPerTask, args.rows - first) * stride;
  const groups = stride & ~15;
  // Two rows at a time; a last one without another is computed twice, alike.
  for (let row = start; row < end; row += 2 * stride) {
    const next = min(row + stride, end - stride) - row;
    const x = args.x + row;
    const dy = args.dy + row;
    const dx = args.dx + row;
    let at: usize = 0;
    for (; at < groups; at += 16) {
      const m = load4(args.center + at);
      const a = load4(args.a + at);
      const ks = coefficient<T>(args.scale + at);
      const kb = coefficient<T>(args.shift + at);
      const r0 = mul(passed<T>(load4(dy + at), sub(load4(x + at), m), ks, kb), a);
      const r1 = mul(passed<T>(load4(dy + next + at), sub(load4(x + next + at), m), ks, kb), a);
      store4(dx + at, r0);
      store4(dx + next + at, r1);
    }
    for (; at < stride; at += 4) {
      scaledOne<T>(args, row + at, at);
      scaledOne<T>(args, row + next + at, at);
    }
  }
}

function scaledOne<T>(args: GradInputRows, i: usize, at: usize): void {
  const d = load<f32>(args.x + i) - load<f32>(args.center + at);
  const dy = passedScalar<T>(load<f32>(args.dy + i), d, args.scale + at, args.shift + at);
  store<f32>(args.dx + i, dy * load<f32>(args.a + at));
}

/** dy·a + (d·b + c), where dy passed the ReLU. */
function gradient<T>(dy: f4, d: f4, a: f4, b: f4, c: f4, scale: f4, shift: f4): f4 {
  return madd(passed<T>(dy, d, scale, shift), a, madd(d, b, c));
}

function scalar(d: f32, dy: f32, at: usize, a: usize, b: usize, c: usize): f32 {
  return maddScalar(dy, load<f32>(a + at), maddScalar(d, load<f32>(b + at), load<f32>(c + at)));
}

export function gradInputPlanes(args: GradInputPlanes, task: i32): void {
  const first = fromEnd(task, args.outer * args.channels, args.planesPerTask);
  const end = min(first + args.planesPerTask, args.outer * args.channels);
  const bytes = <usize>args.inner << 2;
  let x = args.x + <usize>first * bytes;
  let dy = args.dy + <usize>first * bytes;
  let dx = args.dx + <usize>first * bytes;
  for (let i = first; i < end; i++) {
    const at = <usize>(i % args.channels) << 2;
    const m = loadSplat(args.center + at);
    const a = loadSplat(args.a + at);
    const b = loadSplat(args.b + at);
    const c = loadSplat(args.c + at);
    const stop = x + bytes;
    for (; x + 32 <= stop; x += 32, dy += 32, dx += 32) {
      const r0 = madd(load4(dy), a, madd(sub(load4(x), m), b, c));
      const r1 = madd(load4(dy, 16), a, madd(sub(load4(x, 16), m), b, c));
      store4(dx, r0);
      store4(dx, r1, 16);
    }
    for (; x + 16 <= stop; x += 16, dy += 16, dx += 16) {
      store4(dx, madd(load4(dy), a, madd(sub(load4(x), m), b, c)));
    }
    for (; x < stop; x += 4, dy += 4, dx += 4) {
      store<f32>(dx, scalar(load<f32>(x) - load<f32>(args.center + at), load<f32>(dy), at, args.a, args.b, args.c));
    }
  }
}
