/**
 * Functions of `Math` whose last digit may differ from one JavaScript engine to the next, from sums and products only.
 */
const float = new Float64Array(1);
const words = new Uint32Array(float.buffer);
const HIGH = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1 ? 1 : 0;

/** e of 2ᵉ ≤ x < 2ᵉ⁺¹ for a positive normal number; −1023 for smaller ones. */
export function exponentOf(x: number): number {
  float[0] = x;
  return ((words[HIGH] >>> 20) & 0x7ff) - 1023;
}

/** From 2⁻¹⁰²² to 2¹⁰²³. */
const powersOfTwo = new Float64Array(2046).fill(2 ** -1022);
for (let i = 1; i < powersOfTwo.length; i++) powersOfTwo[i] = 2 * powersOfTwo[i - 1];

/** 2ᵉ for a whole e from −1022 to 1023: `2 ** e`, much faster. */
export function powerOfTwo(e: number): number {
  return powersOfTwo[e + 1022];
}

/** The natural logarithm of a positive normal number; relative error at most 2e-15. */
export function log(x: number): number {
  let exponent = exponentOf(x);
  words[HIGH] = (words[HIGH] & 0xfffff) | 0x3ff00000;
  let m = float[0];
  if (m > Math.SQRT2) {
    m /= 2;
    exponent++;
  }
  const s = (m - 1) / (m + 1);
  const z = s * s;
  let p = 0;
  for (let k = 23; k >= 3; k -= 2) p = p * z + 1 / k;
  return exponent * Math.LN2 + (2 * s + 2 * s * z * p);
}

/** ln 2 in two parts, the first short enough for its products with whole numbers up to 2²⁰ to be exact. */
const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;

/** eˣ for |x| < 700; relative error at most 2e-15. */
export function exp(x: number): number {
  const n = Math.round(x / Math.LN2);
  const r = x - n * LN2_HIGH - n * LN2_LOW;
  let p = 1;
  for (let k = 14; k >= 1; k--) p = 1 + (p * r) / k;
  return p * power(n < 0 ? 0.5 : 2, Math.abs(n));
}

/** cos(π·t) for 0 ≤ t ≤ 1; error at most 1e-15. */
export function cosPi(t: number): number {
  if (t > 0.5) return -cosPi(1 - t);
  const x = Math.PI * t;
  const z = x * x;
  let p = 1;
  for (let k = 22; k >= 2; k -= 2) p = 1 - (p * z) / (k * (k - 1));
  return p;
}

/** base to an exponent of at least 0: by squaring for whole ones, for a positive base also between them. */
export function power(base: number, exponent: number): number {
  const whole = Math.floor(exponent);
  let result = whole === exponent ? 1 : exp((exponent - whole) * log(base));
  let square = base;
  for (let n = whole; n > 0; n = Math.floor(n / 2)) {
    if (n % 2 === 1) result *= square;
    square *= square;
  }
  return result;
}
