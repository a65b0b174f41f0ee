/**
 * The only file that names vector intrinsics. Kernels read as arithmetic on groups of four float32 (`f4`) and
 * pairs of float64 (`d2`), and never know which build they are part of: `madd` is one fused operation where the
 * relaxed build is compiled and a product and a sum elsewhere.
 *
 * Small functions like these are inlined at -O3, and a constant offset becomes part of the load itself.
 */

export type f4 = v128;
export type d2 = v128;

export function load4(p: usize, offset: usize = 0): f4 {
  return v128.load(p + offset);
}
export function store4(p: usize, value: f4, offset: usize = 0): void {
  v128.store(p + offset, value);
}
export function splat(x: f32): f4 {
  return f32x4.splat(x);
}
/** Four copies of the float32 at p. */
export function loadSplat(p: usize, offset: usize = 0): f4 {
  return v128.load32_splat(p + offset);
}
export function add(a: f4, b: f4): f4 {
  return f32x4.add(a, b);
}
export function sub(a: f4, b: f4): f4 {
  return f32x4.sub(a, b);
}
export function mul(a: f4, b: f4): f4 {
  return f32x4.mul(a, b);
}
export function div(a: f4, b: f4): f4 {
  return f32x4.div(a, b);
}
export function sqrt4(a: f4): f4 {
  return f32x4.sqrt(a);
}
export function abs4(a: f4): f4 {
  return f32x4.abs(a);
}
export function neg(a: f4): f4 {
  return f32x4.neg(a);
}
/** b where b < a, else a: so a where either is NaN. One instruction, unlike a minimum that orders zeros. */
export function lesser(a: f4, b: f4): f4 {
  return f32x4.pmin(a, b);
}
/** b where a < b, else a: so a where either is NaN. */
export function greater(a: f4, b: f4): f4 {
  return f32x4.pmax(a, b);
}
/** a·b + c */
export function madd(a: f4, b: f4, c: f4): f4 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}
/** a·b + c of scalars, rounded as a lane of `madd` is. */
export function maddScalar(a: f32, b: f32, c: f32): f32 {
  return lane0(madd(splat(a), splat(b), splat(c)));
}
export function lane0(a: f4): f32 {
  return f32x4.extract_lane(a, 0);
}
/** The four lanes added in float64, in a fixed order. */
export function sumLanes(a: f4): f64 {
  return (
    f64(f32x4.extract_lane(a, 0)) +
    f64(f32x4.extract_lane(a, 1)) +
    (f64(f32x4.extract_lane(a, 2)) + f64(f32x4.extract_lane(a, 3)))
  );
}
/** All bits set in the lanes where a > b. */
export function above(a: f4, b: f4): v128 {
  return f32x4.gt(a, b);
}
/** All bits set in the lanes where a ≤ b. */
export function atMost(a: f4, b: f4): v128 {
  return f32x4.le(a, b);
}
/** A bit for each lane: whether the mask is set there. */
export function lanes(mask: v128): i32 {
  return i32x4.bitmask(mask);
}
/** Lanes of a where the mask is set, of b elsewhere. */
export function select4(a: f4, b: f4, mask: v128): f4 {
  return v128.bitselect(a, b, mask);
}
/** The larger; NaN if either is NaN. */
export function largest(a: f4, b: f4): f4 {
  return f32x4.max(a, b);
}
/** All bits set in the lanes where a = b. */
export function equal(a: f4, b: f4): v128 {
  return f32x4.eq(a, b);
}
/** Lanes of a where the mask is not set, 0 elsewhere. */
export function without(a: f4, mask: v128): f4 {
  return v128.andnot(a, mask);
}
/** Lanes of a where the mask is set, 0 elsewhere. */
export function keep(a: f4, mask: v128): f4 {
  return v128.and(a, mask);
}
/** The float32 at p in lane 0, zeros in the others. */
export function loadOne(p: usize): f4 {
  return v128.load32_zero(p);
}
/** Lane 0 of a, zeros in the others. */
export function keepFirst(a: f4): f4 {
  return v128.and(a, i32x4(-1, 0, 0, 0));
}
/** 2ⁿ for n in [-126, 127], an integer in the low bits of each lane; what is above them does not matter. */
export function powerOfTwo(n: v128): f4 {
  return i32x4.shl(i32x4.add(n, i32x4.splat(127)), 23);
}

/** Four rows of four become four columns of four, written one after another, `stride` bytes apart. */
export function transpose4(r0: f4, r1: f4, r2: f4, r3: f4, to: usize, stride: usize): void {
  const a = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
  const b = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
  const c = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
  const d = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<f64>(a, c, 0, 2));
  v128.store(to + stride, v128.shuffle<f64>(a, c, 1, 3));
  v128.store(to + 2 * stride, v128.shuffle<f64>(b, d, 0, 2));
  v128.store(to + 3 * stride, v128.shuffle<f64>(b, d, 1, 3));
}

/** Four float32, `step` bytes apart. */
export function gather4(p: usize, step: usize): f4 {
  const two = v128.load_lane<f32>(p + step, v128.load32_zero(p), 1);
  p += 2 * step;
  return v128.load_lane<f32>(p + step, v128.load_lane<f32>(p, two, 2), 3);
}

/** The four lanes, `step` bytes apart. */
export function scatter4(p: usize, value: f4, step: usize): void {
  v128.store_lane<f32>(p, value, 0);
  v128.store_lane<f32>(p + step, value, 1);
  p += 2 * step;
  v128.store_lane<f32>(p, value, 2);
  v128.store_lane<f32>(p + step, value, 3);
}

/** Sixteen bytes as four groups of float32, written one after another: `bytes · scale`. */
export function bytesToFloats(from: usize, to: usize, scale: f4): void {
  const bytes = v128.load(from);
  const low = i16x8.extend_low_i8x16_u(bytes);
  const high = i16x8.extend_high_i8x16_u(bytes);
  v128.store(to, mul(f32x4.convert_i32x4_u(i32x4.extend_low_i16x8_u(low)), scale), 0);
  v128.store(to, mul(f32x4.convert_i32x4_u(i32x4.extend_high_i16x8_u(low)), scale), 16);
  v128.store(to, mul(f32x4.convert_i32x4_u(i32x4.extend_low_i16x8_u(high)), scale), 32);
  v128.store(to, mul(f32x4.convert_i32x4_u(i32x4.extend_high_i16x8_u(high)), scale), 48);
}

/** Four hashes of the counters start, start + 1, start + 2, start + 3 under a key: uniform on 32 bits. */
export function hash4(start: i32, key: i32): v128 {
  let h = i32x4.add(i32x4.splat(start), i32x4(0, 1, 2, 3));
  h = i32x4.mul(v128.xor(h, i32x4.splat(key)), i32x4.splat(0x9e3779b1));
  h = i32x4.mul(v128.xor(h, i32x4.shr_u(h, 16)), i32x4.splat(0x21f0aaad));
  h = i32x4.mul(v128.xor(h, i32x4.shr_u(h, 15)), i32x4.splat(0x735a2d97));
  return v128.xor(h, i32x4.shr_u(h, 15));
}
/** All bits set in the lanes where the unsigned a ≥ limit. */
export function atLeast(a: v128, limit: u32): v128 {
  return i32x4.ge_u(a, i32x4.splat(limit));
}

export function zero2(): d2 {
  return f64x2.splat(0);
}
export function splat2(x: f64): d2 {
  return f64x2.splat(x);
}
export function add2(a: d2, b: d2): d2 {
  return f64x2.add(a, b);
}
export function sub2(a: d2, b: d2): d2 {
  return f64x2.sub(a, b);
}
export function mul2(a: d2, b: d2): d2 {
  return f64x2.mul(a, b);
}
/** The two lanes added. */
export function sumPair(a: d2): f64 {
  return f64x2.extract_lane(a, 0) + f64x2.extract_lane(a, 1);
}
/** The two float32 at p as float64. */
export function widen(p: usize, offset: usize = 0): d2 {
  return f64x2.promote_low_f32x4(v128.load64_zero(p + offset));
}
/** The first two, and the last two, of four float32 as float64. */
export function widenLow(a: f4): d2 {
  return f64x2.promote_low_f32x4(a);
}
export function widenHigh(a: f4): d2 {
  return f64x2.promote_low_f32x4(v128.shuffle<f64>(a, a, 1, 1));
}
/** Four float64, rounded to float32. */
export function round4(low: d2, high: d2): f4 {
  return v128.shuffle<f64>(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 2);
}
