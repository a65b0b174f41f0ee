/** Statistics and results when the mean is far larger than the spread: 100,352 values a channel. */
import { BatchNorm, batchNormForward, tensor } from "batchnorm";
import { describe, expect, test } from "vitest";
import { onEveryBuild } from "../support/builds.ts";
import { largestDifference, normals } from "../support/data.ts";
import { onEveryDevice } from "../support/devices.ts";
import { normalize, statistics } from "../support/paper.ts";

const COUNT = 32 * 56 * 56;

const layouts = (channels: number) => ({
  "[N, C]": { shape: [COUNT, channels], axis: -1, outer: COUNT, channels, inner: 1 },
  NHWC: { shape: [32, 56, 56, channels], axis: -1, outer: COUNT, channels, inner: 1 },
  NCHW: { shape: [32, channels, 56, 56], axis: 1, outer: 32, channels, inner: 56 * 56 },
});

onEveryBuild(() => {
  describe.each([1, 3, 5])("%d channels", (channels) => {
    test.each(Object.entries(layouts(channels)))(
      "mean 1e4 and std 1 in %s: variance to 1e-6, y to 2e-6",
      (_, layout) => {
        const x = normals(channels, COUNT * channels, 1e4);
        const [gamma, beta] = [new Float32Array(channels).fill(1), new Float32Array(channels)];
        const exact = statistics({ ...layout, x });
        const { shape, axis } = layout;
        const got = batchNormForward(x, { shape, axis });
        expect(got.count).toBe(COUNT);
        for (let c = 0; c < channels; c++) {
          expect(Math.abs(got.variance[c] / exact.variance[c] - 1)).toBeLessThanOrEqual(1e-6);
          expect(Math.abs(got.mean[c] / exact.mean[c] - 1)).toBeLessThanOrEqual(1e-10);
          expect(got.rstd[c]).toBeCloseTo(1 / Math.sqrt(got.variance[c] + 1e-5), 14);
        }
        const y = normalize({ ...layout, x, gamma, beta, eps: 1e-5 }, exact);
        expect(largestDifference(got.y, y)).toBeLessThanOrEqual(2e-6);
      },
    );
  });

  test("mean 1e6 and std 1: variance to 1e-6", () => {
    const layout = { shape: [8192, 6], outer: 8192, channels: 6, inner: 1 };
    const x = normals(7, 8192 * 6, 1e6);
    const exact = statistics({ ...layout, x });
    const { variance } = batchNormForward(x, { shape: layout.shape });
    for (let c = 0; c < 6; c++) expect(Math.abs(variance[c] / exact.variance[c] - 1)).toBeLessThanOrEqual(1e-6);
  });

  test("channels that differ in size by ten orders of magnitude each keep their own accuracy", () => {
    const layout = { shape: [1000, 8], outer: 1000, channels: 8, inner: 1 };
    const sizes = [1e-5, 1e-3, 1e-1, 1, 1e1, 1e3, 1e4, 1e5];
    const x = normals(8, 8000).map((v, i) => v * sizes[i % 8] + 3 * sizes[7 - (i % 8)] * 1e-4);
    const exact = statistics({ ...layout, x });
    const { variance, mean } = batchNormForward(x, { shape: layout.shape });
    for (let c = 0; c < 8; c++) {
      const std = Math.sqrt(exact.variance[c]);
      expect(Math.abs(variance[c] / exact.variance[c] - 1)).toBeLessThanOrEqual(1e-6);
      expect(Math.abs(mean[c] - exact.mean[c])).toBeLessThanOrEqual(1e-6 * std);
    }
  });
});

onEveryDevice((run) => {
  test.each(Object.entries(layouts(3)))("a layer keeps the same bounds in %s", async (_, layout) => {
    const { shape, axis, channels } = layout;
    const x = normals(channels, COUNT * channels, 1e4);
    const exact = statistics({ ...layout, x });
    const bn = new BatchNorm(channels, { axis, momentum: 1, runningVariance: "biased" });
    const y = await run.forward(bn, tensor(x, shape));
    for (let c = 0; c < channels; c++) {
      expect(Math.abs(bn.runningVar!.data[c] / exact.variance[c] - 1)).toBeLessThanOrEqual(1e-6);
      expect(Math.abs(bn.runningMean!.data[c] / exact.mean[c] - 1)).toBeLessThanOrEqual(1e-7);
    }
    const [gamma, beta] = [new Float32Array(channels).fill(1), new Float32Array(channels)];
    expect(largestDifference(y.data, normalize({ ...layout, x, gamma, beta, eps: 1e-5 }, exact))).toBeLessThanOrEqual(
      2e-6,
    );
  });
});
