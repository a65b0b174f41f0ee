import { expect, test } from "vitest";
import { channelStatistics } from "#dist/datasets/statistics.js";

test("the statistics of channels are those of their values", () => {
  const bytes = Uint8Array.from([0, 7, 255, 7, 10, 7, 20, 7]);
  const { mean, std } = channelStatistics(bytes, 2, 0.5);
  const values = [0, 255, 10, 20].map((byte) => byte / 2);
  const average = values.reduce((a, b) => a + b) / 4;
  expect(mean).toEqual([average, 3.5]);
  expect(std[0]).toBeCloseTo(Math.sqrt(values.reduce((sum, value) => sum + (value - average) ** 2, 0) / 4), 10);
  // A channel that never changes is not divided by 0.
  expect(std[1]).toBe(1);
});
