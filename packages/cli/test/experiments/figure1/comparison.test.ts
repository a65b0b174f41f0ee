import { describe, expect, test } from "vitest";
import { movement, verdict } from "#dist/experiments/figure1/comparison.js";
import type { Curve } from "#dist/networks/sigmoids/settings.js";

function curve(batchNorm: boolean, accuracies: [step: number, accuracy: number][]): Curve {
  const points = accuracies.map(([step, accuracy]) => ({ step, loss: 1, accuracy: { test: accuracy } }));
  return { batchNorm, learningRate: 0.1, sigma: 0.1, points, divergedAt: null, seconds: 1 };
}

describe("the verdict on two curves", () => {
  const slow: [number, number][] = [
    [100, 0.2],
    [200, 0.8],
    [300, 0.95],
    [400, 0.94],
  ];
  const fast: [number, number][] = [
    [100, 0.9],
    [200, 0.96],
    [300, 0.97],
    [400, 0.965],
  ];

  test("counts steps to the other's best", () => {
    expect(verdict({ withBatchNorm: curve(true, fast), withoutBatchNorm: curve(false, slow) })).toEqual({
      finalWith: 0.965,
      finalWithout: 0.94,
      lateWith: [0.965, 0.965],
      lateWithout: [0.94, 0.94],
      bestWith: { accuracy: 0.97, step: 300 },
      bestWithout: { accuracy: 0.95, step: 300 },
      stepsWith: 200,
      stepsWithout: null,
      ratio: 1.5,
    });
  });

  test("gives the range over the last fifth", () => {
    const late: [number, number][] = [...slow, [460, 0.93], [480, 0.96], [500, 0.95]];
    const { lateWithout } = verdict({ withBatchNorm: curve(true, fast), withoutBatchNorm: curve(false, late) });
    expect(lateWithout).toEqual([0.93, 0.96]);
  });

  test("says so when batch norm never gets there", () => {
    const { stepsWith, stepsWithout, ratio } = verdict({
      withBatchNorm: curve(true, slow),
      withoutBatchNorm: curve(false, fast),
    });
    expect({ stepsWith, stepsWithout, ratio }).toEqual({ stepsWith: null, stepsWithout: 200, ratio: null });
  });
});

test("movement takes the extremes of the median, and the spread at both ends", () => {
  const base = curve(true, [[1, 0.5]]);
  const points = [
    { step: 1, loss: 1, accuracy: {}, percentiles: [-1, 0, 2] as const },
    { step: 2, loss: 1, accuracy: {} },
    { step: 3, loss: 1, accuracy: {}, percentiles: [-3, -2, 4] as const },
    { step: 4, loss: 1, accuracy: {}, percentiles: [-2, 1, 3] as const },
  ];
  expect(movement({ ...base, points })).toEqual({ median: [-2, 1], spread: [3, 5] });
  expect(movement(base)).toBeNull();
});
