import { describe, expect, test } from "vitest";
import { bestByDepth, type DepthTrial, stopsAt } from "#dist/experiments/depth/results.js";

describe("depth", () => {
  const trial = (depth: number, learningRate: number, heldOutAccuracy: number, testAccuracy: number): DepthTrial => ({
    depth,
    batchNorm: false,
    learningRate,
    sigma: 0.1,
    heldOutAccuracy,
    testAccuracy,
    divergedAt: null,
  });
  const trials = [
    trial(1, 0.1, 0.9, 0.8),
    trial(1, 1, 0.8, 0.95),
    trial(2, 0.1, 0.1, 0.1),
    trial(2, 1, 0.2, 0.2),
    trial(3, 0.1, 0.7, 0.7),
    trial(3, 1, 0.1, 0.1),
    trial(4, 0.1, 0.1, 0.1),
    trial(4, 1, 0.1, 0.1),
    { ...trial(4, 1, 0.99, 0.99), sigma: 0.4 },
    { ...trial(4, 1, 0.99, 0.99), batchNorm: true },
  ];
  const depths = [1, 2, 3, 4];
  const plain = { batchNorm: false, sigma: 0.1 };

  test("chooses by the held-out images, not by the test images", () => {
    expect(bestByDepth({ depths, trials }, plain).map((best) => best.testAccuracy)).toEqual([0.8, 0.2, 0.7, 0.1]);
  });

  test("stops where no deeper network trains, not at the first that does not", () => {
    expect(stopsAt({ depths, trials }, plain)).toBe(4);
    expect(stopsAt({ depths: [1, 2, 3], trials }, plain)).toBeNull();
    expect(stopsAt({ depths: [2, 4], trials }, plain)).toBe(2);
  });
});
