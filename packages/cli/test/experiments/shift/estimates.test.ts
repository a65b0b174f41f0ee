import { describe, expect, test } from "vitest";
import { accuraciesOf, estimatesOf, PRIOR, SHIFTS } from "#dist/experiments/shift/estimates.js";
import type { Estimate } from "#dist/experiments/shift/spec.js";

describe("what is measured for a shift", () => {
  /** An accuracy for each estimate that says which it is. */
  const accuracyOf = (estimate: Estimate | null) =>
    estimate
      ? estimate.images + (estimate.classes ? 0.5 : 0) + (estimate.onePass ? 0.25 : 0) + (estimate.prior ? 0.125 : 0)
      : 0;
  const read = (images: number, closer: boolean) =>
    accuraciesOf(
      images,
      estimatesOf(images, closer).map((estimate, index) => ({ step: index + 1, accuracy: accuracyOf(estimate) })),
    );

  test("is read as it was asked for", () => {
    expect(read(500, false)).toEqual({ before: 0, layers: 500, onePass: 500.25, prior: 500.125 });
    const { samples, ...rest } = read(20, true);
    expect(rest).toEqual({ before: 0, layers: 20, onePass: 20.25, prior: 20.125, fewClasses: 20.5 });
    expect(samples).toEqual([4, 8, 16, 20].map((images) => ({ images, layers: images, prior: images + 0.125 })));
  });

  test("takes all images, or the first so many, up to 1,024", () => {
    const counts = estimatesOf(5000, true).map((estimate) => estimate?.images);
    expect(new Set(counts)).toEqual(new Set([undefined, 5000, 4, 8, 16, 32, 64, 128, 256, 512, 1024]));
    expect(estimatesOf(5000, true).every((estimate) => !estimate || [0, PRIOR].includes(estimate.prior))).toBe(true);
  });

  test("is looked at more closely at one severity of each shift", () => {
    expect(SHIFTS).toHaveLength(12);
    const closer = SHIFTS.filter((each) => each.closer).map(({ shift }) => shift.name);
    expect(closer).toEqual(["contrast", "brightness", "noise", "blur"]);
  });
});
