/** Products of four values by eight, summed over pixels: the inner loop of every gradient of a convolution's weights. */
import { add, load4, loadSplat, madd, splat, store4 } from "./simd";

/**
 * sum [4, 8] += Σ a [4] × b [8], over `rows` rows of `count` pixels. Pixels are `step` and `pixel` bytes apart, rows `aLine`
 * and `bLine`, the rows of the sum `stride`. The pixels' own sum begins at 0 and joins the other once: in one long chain of
 * additions every term would be rounded as the sum is by then.
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
  let c00 = splat(0);
  let c01 = c00;
  let c10 = c00;
  let c11 = c00;
  let c20 = c00;
  let c21 = c00;
  let c30 = c00;
  let c31 = c00;
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
  store4(sum, add(load4(sum), c00));
  store4(sum, add(load4(sum, 16), c01), 16);
  store4(s1, add(load4(s1), c10));
  store4(s1, add(load4(s1, 16), c11), 16);
  store4(s2, add(load4(s2), c20));
  store4(s2, add(load4(s2, 16), c21), 16);
  store4(s3, add(load4(s3), c30));
  store4(s3, add(load4(s3, 16), c31), 16);
}
