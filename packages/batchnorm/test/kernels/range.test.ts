/** Values near the ends of float32's range, whose sums and squares are beyond it, where the results are not. */
import { WasmDevice } from "batchnorm";
import { afterAll, describe, expect, test } from "vitest";
import { normals } from "../support/data.ts";
import { type Bench, runKernel, type Values } from "../support/kernel.ts";
import { doubles, labelled } from "./cases/sizes.ts";

const device = { simd: new WasmDevice({ build: "simd" }), relaxed: new WasmDevice({ build: "relaxed" }) };
const bench: Record<"reference" | keyof typeof device, Bench> = { reference: "reference", ...device };
afterAll(() => Object.values(device).forEach((d) => void d.close()));

const rowShapes = [3, 4, 5, 8, 33].flatMap((channels) => [8, 64, 300].map((rows) => ({ rows, channels })));
const planeShapes = [1, 3, 5].flatMap((channels) => {
  return [2, 4, 15, 16, 49, 1100].map((inner) => ({ outer: 20, channels, inner }));
});

/** M2 to 1e-6 of itself, the mean to 1e-6 standard deviations: both exact where all values are equal. */
function expectNear(got: Record<string, Values>, want: Record<string, Values>, count: number, where: string): void {
  want.m2.forEach((m2: number, c: number) => {
    const [mean, m2Error] = [got.mean[c] - want.mean[c], got.m2[c] - m2];
    if (!(Math.abs(m2Error) <= 1e-6 * m2)) expect.fail(`M2 of channel ${c} of ${where} is ${got.m2[c]}, not ${m2}`);
    if (!(Math.abs(mean) <= 1e-6 * Math.sqrt(m2 / count)))
      expect.fail(`mean of channel ${c} of ${where}: off by ${mean}`);
  });
}

const kinds = {
  "a spread of 3e18": (i: number, values: Float32Array) => 3e18 * values[i],
  "a spread of 5e37": (i: number, values: Float32Array) => 5e37 * values[i],
  "a constant 1e38": () => 1e38,
  "both ends of the range": (i: number) => (i % 3 ? 3.4e38 : -3.4e38),
};

describe.each(Object.entries(kinds))("moments of %s", (_, kind) => {
  const valuesOf = (count: number) => {
    const values = normals(7, count);
    return values.map((_, i) => kind(i, values));
  };
  const outs = ["mean", "m2"];

  test("in rows", () => {
    for (const { rows, channels } of rowShapes) {
      const room = { mean: doubles(channels), m2: doubles(channels) };
      const args = { x: valuesOf(rows * channels), rows, channels, rowsPerTask: rows, ...room };
      const run = (build: keyof typeof bench) => runKernel(bench[build], "momentsRows", labelled(args, 1), outs);
      for (const build of ["simd", "relaxed"] as const) {
        expectNear(run(build).after, run("reference").after, rows, `${build}, [${rows}, ${channels}]`);
      }
    }
  });

  test("in planes", () => {
    for (const sizes of planeShapes) {
      const { outer, channels, inner } = sizes;
      const room = { mean: doubles(channels), m2: doubles(channels) };
      const args = { x: valuesOf(outer * channels * inner), ...sizes, channelsPerTask: 1, ...room };
      const run = (build: keyof typeof bench) =>
        runKernel(bench[build], "momentsPlanes", labelled(args, channels), outs);
      for (const build of ["simd", "relaxed"] as const) {
        expectNear(
          run(build).after,
          run("reference").after,
          outer * inner,
          `${build}, [${outer}, ${channels}, ${inner}]`,
        );
      }
    }
  });
});

/** dy and x such that their products, or sums of either, are beyond float32; and where the ReLU lets all pass, or none. */
const gradients = {
  "dy of 1e37": { dy: 1e37, x: 1, shift: 9 },
  "dy of 1e30 and x of 1e30": { dy: 1e30, x: 1e30, shift: Number.POSITIVE_INFINITY },
  "x of 5e37": { dy: 1, x: 5e37, shift: Number.POSITIVE_INFINITY },
  "dy of 1e37 that a ReLU stops": { dy: 1e37, x: 1, shift: -9 },
};

describe.each(Object.entries(gradients))("sums of gradients, %s", (_, { dy, x, shift }) => {
  const outs = ["sumDy", "sumDyX"];
  const arraysOf = (count: number, channels: number) => ({
    x: normals(1, count, 0, 1).map((v) => v * x),
    dy: normals(2, count, 1, 0.1).map((v) => v * dy),
    center: new Float32Array(channels),
    sumDy: doubles(channels),
    sumDyX: doubles(channels),
  });
  function expectBoth(got: Record<string, Values>, want: Record<string, Values>, count: number, where: string): void {
    want.sumDy.forEach((sum: number, c: number) => {
      const [limit, limitX] = [1e-6 * Math.abs(sum), 1e-6 * Math.sqrt(count) * dy * x];
      if (!(Math.abs(got.sumDy[c] - sum) <= limit)) expect.fail(`Σ dy of ${where}: ${got.sumDy[c]}, not ${sum}`);
      const [a, b] = [got.sumDyX[c], want.sumDyX[c]];
      if (!(Math.abs(a - b) <= limitX)) expect.fail(`Σ dy·x of ${where}: ${a}, not ${b}`);
    });
  }

  test("in rows, with a ReLU and without", () => {
    for (const { rows, channels } of rowShapes) {
      for (const relu of [false, true]) {
        const coefficients = relu
          ? { scale: new Float32Array(channels).fill(1), shift: new Float32Array(channels).fill(shift) }
          : { scale: null, shift: null };
        const args = { ...arraysOf(rows * channels, channels), rows, channels, rowsPerTask: rows, ...coefficients };
        const run = (build: keyof typeof bench) => runKernel(bench[build], "gradSumsRows", labelled(args, 1), outs);
        for (const build of ["simd", "relaxed"] as const) {
          const where = `${build}, [${rows}, ${channels}], ${relu ? "ReLU" : "no ReLU"}`;
          expectBoth(run(build).after, run("reference").after, rows, where);
        }
      }
    }
  });

  test("in planes", () => {
    for (const sizes of planeShapes) {
      const { outer, channels, inner } = sizes;
      const args = { ...arraysOf(outer * channels * inner, channels), ...sizes, channelsPerTask: 1 };
      const run = (build: keyof typeof bench) =>
        runKernel(bench[build], "gradSumsPlanes", labelled(args, channels), outs);
      for (const build of ["simd", "relaxed"] as const) {
        const where = `${build}, [${outer}, ${channels}, ${inner}]`;
        expectBoth(run(build).after, run("reference").after, outer * inner, where);
      }
    }
  });
});

test.each(["simd", "relaxed"] as const)(
  "an average counts a window of 50,000×50,000, most of it padding, in the %s build",
  (build) => {
    const side = 50_000;
    for (const channels of [3, 4]) {
      const x = new Float32Array(channels).fill(1e6);
      const sizes = { n: 1, h: 1, w: 1, oh: 1, ow: 1, channels, kh: side, kw: side, stride: 1 };
      const place = { padTop: side / 2, padLeft: side / 2, countPadding: 1, imagesPerTask: 1 };
      const args = { x, y: new Float32Array(channels), dy: null, dx: null, ...sizes, ...place };
      const { y } = runKernel(bench[build], "averagePool", labelled(args, 1), ["y"]).after;
      for (const v of y) expect(Math.abs(v / (1e6 / side ** 2) - 1)).toBeLessThanOrEqual(2e-7);
    }
  },
);
