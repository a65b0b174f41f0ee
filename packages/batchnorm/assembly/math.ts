/**
 * exp and log of our own, so that their bits depend on nothing but this file.
 *
 * exp4: float32, four at a time; error at most 2 units in the last place on [-87.3, 88.3]; below, it stays at the
 * smallest normal number, above at 2.4e38; NaN stays NaN. Reduction x = n·ln2 + r, |r| ≤ ln2/2 (Cody & Waite), then
 * the Taylor polynomial of degree 7, whose remainder there is below 5e-9 relative.
 * log: float64; relative error at most 2e-15; log m by its atanh series with m in [√½, √2).
 * tanh4: float32, error at most 3 units in the last place; of −0 it is 0.
 */
import { above, abs4, add, div, f4, greater, lesser, madd, mul, neg, powerOfTwo, select4, splat, sub } from "./simd";

export function exp4(x: f4): f4 {
  const v = lesser(greater(x, splat(-87.33654)), splat(88.37626));
  // Adding 1.5·2²³ rounds to an integer and leaves it in the low bits.
  const rounded = madd(v, splat(1.44269504088896341), splat(12582912));
  const n = sub(rounded, splat(12582912));
  // ln2 = 0.693359375 − 2.12194440e-4, the first part short enough for n·part to be exact
  const r = madd(n, splat(2.12194440e-4), madd(n, splat(-0.693359375), v));
  let p = splat(1.9841270e-4);
  p = madd(p, r, splat(1.3888889e-3));
  p = madd(p, r, splat(8.3333333e-3));
  p = madd(p, r, splat(4.1666667e-2));
  p = madd(p, r, splat(1.6666667e-1));
  p = madd(p, r, splat(0.5));
  p = add(madd(mul(p, r), r, r), splat(1));
  return mul(p, powerOfTwo(rounded));
}

/** 1 / (1 + e⁻ˣ) */
export function sigmoid4(x: f4): f4 {
  return div(splat(1), add(splat(1), exp4(neg(x))));
}

export function tanh4(x: f4): f4 {
  // Far from 0: 1 − 2/(e²ˣ + 1). Near 0 that would cancel: an odd polynomial (minimax, from Cephes).
  const a = abs4(x);
  const far = sub(splat(1), div(splat(2), add(exp4(add(a, a)), splat(1))));
  const z = mul(x, x);
  let p = splat(-5.70498872745e-3);
  p = madd(p, z, splat(2.06390887954e-2));
  p = madd(p, z, splat(-5.37397155531e-2));
  p = madd(p, z, splat(1.33314422036e-1));
  p = madd(p, z, splat(-3.33332819422e-1));
  const near = madd(mul(p, z), x, x);
  const signed = select4(neg(far), far, above(splat(0), x));
  return select4(signed, near, above(a, splat(0.625)));
}

export function log(x: f64): f64 {
  if (!(x > 0)) return x == 0 ? -Infinity : NaN;
  if (x == Infinity) return x;
  let bits = reinterpret<u64>(x);
  let e: i64 = 0;
  if (bits < 0x0010000000000000) {
    bits = reinterpret<u64>(x * 18014398509481984.0); // 2⁵⁴: a subnormal number made normal
    e = -54;
  }
  // m in [√½, √2): shift the exponent so that the cut falls at √½ (0x3fe6a09e…)
  const cut = bits + (0x3ff0000000000000 - 0x3fe6a09e667f3bcd);
  e += <i64>(cut >> 52) - 1023;
  const m = reinterpret<f64>((cut & 0x000fffffffffffff) + 0x3fe6a09e667f3bcd);
  const s = (m - 1) / (m + 1);
  const z = s * s;
  let p: f64 = 1.0 / 23;
  p = p * z + 1.0 / 21;
  p = p * z + 1.0 / 19;
  p = p * z + 1.0 / 17;
  p = p * z + 1.0 / 15;
  p = p * z + 1.0 / 13;
  p = p * z + 1.0 / 11;
  p = p * z + 1.0 / 9;
  p = p * z + 1.0 / 7;
  p = p * z + 1.0 / 5;
  p = p * z + 1.0 / 3;
  return <f64>e * 0.6931471805599453 + (2 * s + 2 * s * z * p);
}
