import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { experiment } from "#dist/experiments/inception/index.js";
import { curveMeasurements } from "#dist/experiments/inception/run.js";
import { epochSteps } from "#dist/networks/inception/settings.js";

describe("curves are measured", () => {
  const part = { earlyImages: 2_000, measuredImages: 10_000 };

  test("eight times in the first epoch, and every half epoch from its end on", () => {
    const measurements = curveMeasurements(3_000, 1_000, part);
    expect(measurements.map(({ step }) => step)).toEqual([
      125, 250, 375, 500, 625, 750, 875, 1_000, 1_500, 2_000, 2_500, 3_000,
    ]);
    expect(measurements.map(({ images }) => images)).toEqual([...Array(7).fill(2_000), ...Array(5).fill(10_000)]);
  });

  test("in little of the time, when measuring an image takes a third of learning from it", () => {
    const { full } = experiment.sizes;
    const { epochs, images } = full;
    const stepsPerEpoch = epochSteps(images);
    const measured = curveMeasurements(epochs * stepsPerEpoch, stepsPerEpoch, full);
    const seen = measured.reduce((sum, measurement) => sum + measurement.images, 0);
    expect(seen / 3).toBeLessThan((epochs * images) / 6);
  });

  test("at rising steps, the last one with all images, for any length", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20_000 }), fc.integer({ min: 1, max: 2_000 }), (steps, stepsPerEpoch) => {
        const measurements = curveMeasurements(steps, stepsPerEpoch, part);
        expect(measurements.at(-1)).toEqual({ step: steps, images: 10_000 });
        expect(measurements.every(({ step }, i) => step > (measurements[i - 1]?.step ?? 0))).toBe(true);
      }),
    );
  });
});
