import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { measuringSteps } from "#dist/experiments/figure1/run.js";

describe("the steps at which accuracy is measured", () => {
  test("are dense at first and thin out", () => {
    const steps = measuringSteps(50_000);
    expect(steps.slice(0, 11)).toEqual([50, 100, 150, 200, 250, 300, 350, 400, 450, 500, 600]);
    expect(steps.slice(-2)).toEqual([49_500, 50_000]);
    expect(steps).toHaveLength(145);
  });

  test("rise and end with the last step, for any number of steps", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60_000 }), (last) => {
        const steps = measuringSteps(last);
        expect(steps.at(-1)).toBe(last);
        expect(steps.every((step, index) => index === 0 || step > (steps[index - 1] as number))).toBe(true);
      }),
    );
  });
});
