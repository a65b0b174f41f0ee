/**
 * One example far from all others, wherever it stands: the statistics keep their accuracy. Kernels sum around a guess at
 * the mean made from a few values; see assembly/momentsrows.ts.
 */
import { batchNormForward } from "batchnorm";
import { describe, expect, test } from "vitest";
import { onEveryBuild } from "../support/builds.ts";
import { largest, largestDifference, normals } from "../support/data.ts";
import { normalize, statistics } from "../support/paper.ts";

const OUTER = 512;
const places = { first: 0, second: 1, middle: OUTER >> 1, last: OUTER - 1 };
const spatial = [[], [1], [2], [3], [2, 2], [5], [7, 7], [4, 3, 5, 9], [1100]];

interface Case {
  shape: number[];
  axis: number;
  x: Float32Array;
  layout: { outer: number; channels: number; inner: number };
}

/** Example `at` of [512, channels, ...] has the outlier in all of its values; or in its first alone. */
function caseOf(channels: number, dimensions: number[], at: number, outlier: number, whole: boolean): Case {
  const inner = dimensions.reduce((a, b) => a * b, 1);
  const x = normals(channels + inner, OUTER * channels * inner, 1);
  const size = whole ? inner : 1;
  for (let c = 0; c < channels; c++) x.fill(outlier, (at * channels + c) * inner, (at * channels + c) * inner + size);
  return { shape: [OUTER, channels, ...dimensions], axis: 1, x, layout: { outer: OUTER, channels, inner } };
}

/** The same values with the channels last. */
function turned({ x, layout }: Case, dimensions: number[]): Case {
  const { outer, channels, inner } = layout;
  const values = x.map((_, i) => {
    const [n, rest] = [Math.floor(i / (channels * inner)), i % (channels * inner)];
    return x[(n * channels + (rest % channels)) * inner + Math.floor(rest / channels)];
  });
  const rows = { outer: outer * inner, channels, inner: 1 };
  return { shape: [OUTER, ...dimensions, channels], axis: -1, x: values, layout: rows };
}

function expectRight({ shape, axis, x, layout }: Case, where: string): void {
  const exact = statistics({ ...layout, x });
  const got = batchNormForward(x, { shape, axis });
  for (let c = 0; c < layout.channels; c++) {
    const [variance, std] = [exact.variance[c], Math.sqrt(exact.variance[c])];
    const error = Math.abs(got.variance[c] / variance - 1);
    if (!(error <= 1e-6)) expect.fail(`variance of channel ${c}, ${where}: ${got.variance[c]}, not ${variance}`);
    if (!(Math.abs(got.mean[c] - exact.mean[c]) <= 1e-6 * std)) expect.fail(`mean of channel ${c}, ${where}`);
  }
  const [gamma, beta] = [new Float32Array(layout.channels).fill(1), new Float32Array(layout.channels)];
  const y = normalize({ ...layout, x, gamma, beta, eps: 1e-5 }, exact);
  expect(largestDifference(got.y, y), where).toBeLessThanOrEqual(1e-6 * largest(y));
}

onEveryBuild(() => {
  describe.each([100, -1e6, 1e12])("an example of %d among values of N(1, 1)", (outlier) => {
    test.each([1, 2, 3, 4, 5, 8, 33])("in %d channels: variance to 1e-6, wherever it stands", (channels) => {
      for (const dimensions of spatial) {
        const inner = dimensions.reduce((a, b) => a * b, 1);
        if (channels * inner > Math.max(200, 1100 / channels)) continue;
        for (const [place, at] of Object.entries(places)) {
          for (const whole of [true, false]) {
            const where = `[512, ${channels}, ${dimensions}], ${place}, ${whole ? "all" : "one"} of its values`;
            const given = caseOf(channels, dimensions, at, outlier, whole);
            expectRight(given, where);
            expectRight(turned(given, dimensions), `${where}, channels last`);
          }
        }
      }
    });
  });

  test("a few values of a piece that lie together, far from the rest, cost no accuracy", () => {
    for (const layout of [
      { outer: 128, channels: 5, inner: 1 },
      { outer: 1, channels: 3, inner: 1024 },
      { outer: 6, channels: 2, inner: 900 },
    ]) {
      const { outer, channels, inner } = layout;
      const count = outer * inner;
      const x = normals(1, outer * channels * inner, 5, 0.1).map((v, i) => {
        const place = Math.floor(i / (channels * inner)) * inner + (i % inner);
        return place < count / 16 ? 0 : v;
      });
      expectRight({ shape: [outer, channels, inner], axis: 1, x, layout }, JSON.stringify(layout));
    }
  });
});

test("the examples that were found: [512, 2, 2] with its first example at 100, and at 1e6", () => {
  const layout = { shape: [OUTER, 2, 2], axis: 1 };
  const found = { outer: OUTER, channels: 2, inner: 2 };
  for (const outlier of [100, 1e6]) {
    const { x } = caseOf(2, [2], 0, outlier, true);
    const exact = statistics({ ...found, x });
    expect(Math.abs(batchNormForward(x, layout).variance[0] / exact.variance[0] - 1)).toBeLessThanOrEqual(1e-6);
  }
});
