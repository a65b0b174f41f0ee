/** Numbers of 16 bits, against what the formats define. */
import { describe, expect, it } from "vitest";
import { fromBfloat, fromHalf, toBfloat, toHalf } from "#dist/formats/halves.js";

const all = Uint16Array.from({ length: 65536 }, (_, i) => i);
const isNaN16 = (half: number, exponent: number) => (half & exponent) === exponent && (half & 0x7fff) > exponent;

describe("half precision", () => {
  it("is known at its landmarks", () => {
    const landmarks: [number, number][] = [
      [0x0000, 0],
      [0x8000, -0],
      [0x0001, 2 ** -24],
      [0x03ff, 1023 * 2 ** -24],
      [0x0400, 2 ** -14],
      [0x3c00, 1],
      [0x3c01, 1 + 2 ** -10],
      [0xc000, -2],
      [0x7bff, 65504],
      [0x7c00, Number.POSITIVE_INFINITY],
      [0xfc00, Number.NEGATIVE_INFINITY],
    ];
    expect([...fromHalf(Uint16Array.from(landmarks, ([half]) => half))]).toEqual(landmarks.map(([, value]) => value));
    expect(fromHalf(Uint16Array.of(0x7e00))[0]).toBeNaN();
  });

  it("keeps every one of its values through float32 and back", () => {
    const back = toHalf(fromHalf(all));
    for (const half of all) if (!isNaN16(half, 0x7c00)) expect(back[half]).toBe(half);
    expect(toHalf(Float32Array.of(Number.NaN))[0] & 0x7fff).toBe(0x7e00);
  });

  it("takes the nearest, and the even one of two that are as near", () => {
    const finite = all.filter((half) => half < 0x7c00);
    const values = fromHalf(finite);
    for (let i = 0; i + 1 < finite.length; i += 7) {
      const middle = (values[i] + values[i + 1]) / 2;
      const step = 2 ** -20 * middle;
      const [below, at, above] = toHalf(Float32Array.of(middle - step, middle, middle + step));
      expect([below, at, above]).toEqual([i, i % 2 ? i + 1 : i, i + 1]);
    }
    expect([...toHalf(Float32Array.of(65519.99, 65520, -1e9, 2 ** -25, 2 ** -25 + 2 ** -40))]).toEqual([
      0x7bff, 0x7c00, 0xfc00, 0, 1,
    ]);
  });
});

describe("bfloat16", () => {
  it("is the upper half of a float32", () => {
    expect([...fromBfloat(Uint16Array.of(0x3f80, 0xc000, 0x0001, 0x7f80))]).toEqual([
      1,
      -2,
      2 ** -133,
      Number.POSITIVE_INFINITY,
    ]);
    const back = toBfloat(fromBfloat(all));
    for (const half of all) if (!isNaN16(half, 0x7f80)) expect(back[half]).toBe(half);
  });

  it("takes the nearest, and the even one of two that are as near", () => {
    const values = Float32Array.of(1 + 2 ** -8, 1 + 3 * 2 ** -8, 1 + 2 ** -8 + 2 ** -20, 3.4e38, -1.001);
    expect([...fromBfloat(toBfloat(values))]).toEqual([1, 1 + 2 ** -6, 1 + 2 ** -7, Number.POSITIVE_INFINITY, -1]);
    const quiet = new Float32Array(Uint32Array.of(0x7f800001).buffer);
    expect(fromBfloat(toBfloat(quiet))[0]).toBeNaN();
  });
});
