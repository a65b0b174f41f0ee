import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { spread } from "#dist/experiments/inception/spread.js";

describe("names that would lie on each other", () => {
  test("share the room around them, and others stay", () => {
    expect(spread([50, 10, 51], 5)).toEqual([48, 10, 53]);
    expect(spread([], 5)).toEqual([]);
  });

  test("are at least the distance apart, in the same order, and no more moved than needed", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 100 }), { maxLength: 8 }), (wanted) => {
        const places = spread(wanted, 7);
        const byWanted = wanted.map((_, index) => index).sort((a, b) => wanted[a] - wanted[b]);
        for (let i = 1; i < byWanted.length; i++) {
          expect(places[byWanted[i]] - places[byWanted[i - 1]]).toBeGreaterThanOrEqual(7 - 1e-9);
        }
        const apart = byWanted.every((index, i) => i === 0 || wanted[index] - wanted[byWanted[i - 1]] >= 7);
        if (apart) for (const [index, place] of places.entries()) expect(place).toBeCloseTo(wanted[index], 9);
      }),
    );
  });
});
