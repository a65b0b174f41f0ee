import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { percentiles } from "#dist/networks/sigmoids/percentiles.js";

describe("percentiles", () => {
  test("interpolate between neighbours and leave the sample alone", () => {
    const sample = Float32Array.from([3, 1, 2, 4]);
    expect(percentiles(sample, [0, 0.5, 1, 0.25])).toEqual([1, 2.5, 4, 1.75]);
    expect([...sample]).toEqual([3, 1, 2, 4]);
    expect(percentiles(Float32Array.of(7), [0.15, 0.85])).toEqual([7, 7]);
  });

  test("leave the right share of the sample below them", () => {
    fc.assert(
      fc.property(
        fc.float32Array({ noNaN: true, minLength: 1 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (sample, share) => {
          fc.pre(sample.every((value) => Math.abs(value) < 1e30));
          const [value] = percentiles(sample, [share]) as [number];
          const below = sample.filter((other) => other < value).length;
          const upTo = sample.filter((other) => other <= value).length;
          expect(below).toBeLessThanOrEqual(Math.ceil(share * (sample.length - 1)));
          expect(upTo).toBeGreaterThanOrEqual(Math.floor(share * (sample.length - 1)) + 1);
        },
      ),
    );
  });
});
