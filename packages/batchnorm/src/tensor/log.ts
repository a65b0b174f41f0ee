const float = new Float64Array(1);
const words = new Uint32Array(float.buffer);
const HIGH = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1 ? 1 : 0;

/**
 * The natural logarithm of a positive normal number; relative error at most 2e-15.
 * `Math.log` may differ in its last digit from one engine to the next; this is sums and products only.
 */
export function log(x: number): number {
  float[0] = x;
  let exponent = (words[HIGH] >>> 20) - 1023;
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
