/**
 * Long sums. A float32 that adds one value after another rounds each as the sum is by then: the mean of a million values of
 * 0.7 came out as 0.693, and that of 20 million ones as 0.83. All values alike is the worst case: nothing evens out.
 */
import { AveragePool2d, Conv2d, configure, tensor, WasmDevice } from "batchnorm";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import type { KernelName } from "#dist/kernels/contract.js";
import { largest, largestDifference, normals } from "../support/data.ts";
import { type KernelCase, runKernel } from "../support/kernel.ts";
import { doubles, floats, labelled } from "./cases/sizes.ts";

const builds = ["simd", "relaxed"] as const;
const device = { simd: new WasmDevice({ build: "simd" }), relaxed: new WasmDevice({ build: "relaxed" }) };
afterAll(() => Object.values(device).forEach((e) => void e.close()));
afterEach(() => configure({}));

const filled = (count: number, value: number) => new Float32Array(count).fill(value);

describe.each(builds)("in the %s build", (build) => {
  function expectAll(name: KernelName, args: KernelCase["args"], want: Record<string, number>, share: number): void {
    const { after } = runKernel(device[build], name, labelled(args, 1), Object.keys(want));
    for (const [out, right] of Object.entries(want)) {
      const worst = largest(Array.from(after[out], (v) => v / right - 1));
      expect(worst, `${out} of ${labelled(args, 1).label}`).toBeLessThanOrEqual(share);
    }
  }

  test.each([0.1, 0.7, 1 / 3])("an average pool over all pixels of %d is that, to 4e-7", (value) => {
    const v = Math.fround(value);
    for (const [side, channels] of [
      [2, 4],
      [7, 5],
      [8, 4],
      [33, 3],
      [224, 4],
      [224, 7],
      [1024, 1],
    ]) {
      const sizes = { n: 1, h: side, w: side, oh: 1, ow: 1, channels, kh: side, kw: side, stride: 1 };
      const place = { padTop: 0, padLeft: 0, countPadding: 0, imagesPerTask: 1 };
      const arrays = { x: filled(side * side * channels, v), y: floats(channels), dy: null, dx: null };
      expectAll("averagePool", { ...arrays, ...sizes, ...place }, { y: v }, 4e-7);
    }
  });

  test.each([0.1, 0.7, 1 / 3])("sums over rows of %d are right to 5e-7", (value) => {
    const v = Math.fround(value);
    for (const [rows, channels] of [
      [100, 5],
      [128, 4],
      [1001, 8],
      [50_000, 4],
    ]) {
      const shape = { rows, channels };
      const sum = { x: filled(rows * channels, v), ...shape, channelsPerTask: 8, sum: floats(channels) };
      expectAll("sumRows", sum, { sum: rows * v }, 5e-7);
      for (const relu of [null, filled(channels, 1)]) {
        const arrays = { x: filled(rows * channels, 2), dy: filled(rows * channels, v), center: filled(channels, 1.3) };
        const results = { sumDy: doubles(channels), sumDyX: doubles(channels) };
        const args = { ...arrays, ...shape, rowsPerTask: rows, ...results, scale: relu, shift: relu };
        const sumDyX = rows * v * (2 - Math.fround(1.3));
        expectAll("gradSumsRows", args, { sumDy: rows * v, sumDyX }, 5e-7);
      }
    }
  });

  test.each([0.1, 0.7, 1 / 3])("sums over planes of %d are right to 6e-7", (value) => {
    const v = Math.fround(value);
    for (const [outer, channels, inner] of [
      [512, 2, 1],
      [512, 2, 3],
      [512, 3, 5],
      [300, 3, 15],
      [300, 3, 16],
      [300, 3, 49],
      [4, 3, 1024],
      [1, 1, 30_000],
    ]) {
      const size = outer * channels * inner;
      const arrays = { x: filled(size, 2), dy: filled(size, v), center: filled(channels, 1.3) };
      const results = { sumDy: doubles(channels), sumDyX: doubles(channels) };
      const args = { ...arrays, outer, channels, inner, channelsPerTask: channels, ...results };
      const count = outer * inner;
      expectAll("gradSumsPlanes", args, { sumDy: count * v, sumDyX: count * v * (2 - Math.fround(1.3)) }, 6e-7);
    }
  });

  test("a product over 100,000 values alike is right to 1e-5", () => {
    const [m, n, k] = [5, 9, 100_000];
    const matrices = { a: filled(m * k, 0.1), b: filled(k * n, 0.7), c: floats(m * n), bias: null };
    const args = { ...matrices, m, n, k, transposeA: 0, transposeB: 0, panelsPerTask: 2 };
    expectAll("gemm", args, { c: k * Math.fround(0.1) * Math.fround(0.7) }, 1e-5);
  });

  test.each([
    [16, 28, 1, 16, 3],
    [8, 16, 16, 16, 1],
    [2, 32, 3, 9, 3],
  ])(
    "the gradient of a convolution's weights is right to 5e-7: %d images of side %d, %d → %d channels, kernel %d",
    (n, side, ci, co, k) => {
      configure({ build, convolution: "accurate" });
      const conv = new Conv2d(ci, co, k, { padding: (k - 1) / 2, bias: false });
      const x = normals(1, n * side * side * ci);
      const dy = normals(2, n * side * side * co);
      conv.forward(tensor(x, [n, side, side, ci]));
      conv.backward(tensor(dy, [n, side, side, co]));
      const exact = new Float64Array(co * ci * k * k);
      for (let pixel = 0; pixel < n * side * side; pixel++) {
        const [row, column] = [Math.floor(pixel / side) % side, pixel % side];
        for (let tap = 0; tap < k * k; tap++) {
          const [down, across] = [Math.floor(tap / k) - (k - 1) / 2, (tap % k) - (k - 1) / 2];
          if (row + down < 0 || row + down >= side || column + across < 0 || column + across >= side) continue;
          const input = pixel + down * side + across;
          for (let o = 0; o < co; o++) {
            for (let c = 0; c < ci; c++) exact[(o * ci + c) * k * k + tap] += x[input * ci + c] * dy[pixel * co + o];
          }
        }
      }
      expect(largestDifference(conv.weight.grad!.data, exact)).toBeLessThanOrEqual(5e-7 * largest(exact));
    },
  );
});

test("the average of 4500×4500 ones, more than float32 can count, is 1", () => {
  const side = 4500;
  const y = new AveragePool2d(side).forward(tensor(filled(side * side, 1), [1, side, side, 1]));
  expect(y.data[0]).toBe(1);
});
