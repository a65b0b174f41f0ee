/** Values near the ends of float32's range, whose sums and squares are beyond it, where the results are not. */
import { afterAll, describe, expect, test } from "vitest";
import { Engine } from "#dist/engine/engine.js";
import { normals } from "../support/data.ts";
import { runKernel, type Values } from "../support/kernel.ts";
import { doubles, labelled } from "./cases/sizes.ts";

const engine = {
  reference: new Engine({ build: "reference" }),
  simd: new Engine({ build: "simd" }),
  relaxed: new Engine({ build: "relaxed" }),
};
afterAll(() => Object.values(engine).forEach((e) => void e.close()));

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
      const run = (build: keyof typeof engine) => runKernel(engine[build], "momentsRows", labelled(args, 1), outs);
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
      const run = (build: keyof typeof engine) =>
        runKernel(engine[build], "momentsPlanes", labelled(args, channels), outs);
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
