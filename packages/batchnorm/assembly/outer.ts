/** Products of four values by eight, summed over pixels: the inner loop of every gradient of a convolution's weights. */
import { load4, loadSplat, madd, store4 } from "./simd";

/**
 * sum [4, 8] += Σ a [4] × b [8], over `rows` rows of `count` pixels. Pixels are `step` and `pixel` bytes apart, rows `aLine`
 * and `bLine`, the rows of the sum `stride`.
 */
export function addOuter(
  a: usize,
  step: usize,
  aLine: usize,
  b: usize,
  pixel: usize,
  bLine: usize,
  rows: i32,
  count: i32,
  sum: usize,
  stride: usize,
): void {
  const s1 = sum + stride;
  const s2 = s1 + stride;
  const s3 = s2 + stride;
  let c00 = load4(sum);
  let c01 = load4(sum, 16);
  let c10 = load4(s1);
  let c11 = load4(s1, 16);
  let c20 = load4(s2);
  let c21 = load4(s2, 16);
  let c30 = load4(s3);
  let c31 = load4(s3, 16);
  for (let r = 0; r < rows; r++) {
    let p = a;
    let d = b;
    const end = d + <usize>count * pixel;
    for (; d < end; d += pixel) {
      const b0 = load4(d);
      const b1 = load4(d, 16);
      let t = loadSplat(p);
      c00 = madd(t, b0, c00);
      c01 = madd(t, b1, c01);
      t = loadSplat(p, 4);
      c10 = madd(t, b0, c10);
      c11 = madd(t, b1, c11);
      t = loadSplat(p, 8);
      c20 = madd(t, b0, c20);
      c21 = madd(t, b1, c21);
      t = loadSplat(p, 12);
      c30 = madd(t, b0, c30);
      c31 = madd(t, b1, c31);
      p += step;
    }
    a += aLine;
    b += bLine;
  }
  store4(sum, c00);
  store4(sum, c01, 16);
  store4(s1, c10);
  store4(s1, c11, 16);
  store4(s2, c20);
  store4(s2, c21, 16);
  store4(s3, c30);
  store4(s3, c31, 16);
}
