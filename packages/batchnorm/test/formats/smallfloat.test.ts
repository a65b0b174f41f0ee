import { bfloat16, float16, fromBits, type SmallFloat, toBits } from "batchnorm/formats";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

const formats: [string, SmallFloat][] = [
  ["float16", float16],
  ["bfloat16", bfloat16],
];
const patterns = Array.from({ length: 0x10000 }, (_, bits) => bits);

describe.each(formats)("%s", (_, format) => {
  const numbers = patterns.filter((bits) => !Number.isNaN(fromBits(bits, format)));

  test("every number has its own bits", () => {
    expect(numbers.filter((bits) => toBits(fromBits(bits, format), format) !== bits)).toEqual([]);
    expect(numbers.length).toBeLessThan(patterns.length);
  });

  test("NaN stays NaN", () => {
    expect(fromBits(toBits(Number.NaN, format), format)).toBeNaN();
  });

  test("a float64 goes to the nearest, ties to the even one", () => {
    const positive = numbers.filter((bits) => bits < 0x8000).slice(0, -1);
    fc.assert(
      fc.property(fc.nat(positive.length - 2), fc.double({ min: 0, max: 1, noNaN: true }), (i, share) => {
        const [low, high] = [fromBits(positive[i], format), fromBits(positive[i + 1], format)];
        const value = low + share * (high - low);
        const got = fromBits(toBits(value, format), format);
        const middle = (low + high) / 2;
        const even = positive[i] % 2 === 0 ? low : high;
        expect(got).toBe(value < middle ? low : value > middle ? high : even);
        expect(fromBits(toBits(-value, format), format)).toBe(-got);
      }),
    );
  });
});

test("known numbers", () => {
  const bits = (value: number) => toBits(value, float16);
  expect([1, -2, 65504, 65519.99, 65520, 2 ** -24, 2 ** -25, -0].map(bits)).toEqual([
    ...[0x3c00, 0xc000, 0x7bff, 0x7bff, 0x7c00, 1, 0, 0x8000],
  ]);
  // By way of float32 this would be rounded twice, and end one higher.
  expect(toBits(1 + 2 ** -11 - 2 ** -40, float16)).toBe(0x3c00);
  expect([1, 3.140625, Number.NEGATIVE_INFINITY].map((value) => toBits(value, bfloat16))).toEqual([
    0x3f80, 0x4049, 0xff80,
  ]);
  expect(fromBits(0x7f7f, bfloat16)).toBe(2 ** 127 * (2 - 2 ** -7));
});
