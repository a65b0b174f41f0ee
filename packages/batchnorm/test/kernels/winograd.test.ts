/**
 * A tile's reach: 4×4 outputs are computed from the 6×6 inputs around them and from nothing else. Winograd's errors, which
 * grow with the largest value under a tile, and what is not finite, stay with the tiles that have it in reach.
 */
import { WasmDevice } from "batchnorm";
import { afterAll, describe, expect, test } from "vitest";
import { type Numbers, numbersOf, runKernel } from "../support/kernel.ts";
import { winograd } from "./cases/winograd.ts";

const device = { simd: new WasmDevice({ build: "simd" }), relaxed: new WasmDevice({ build: "relaxed" }) };
afterAll(() => Object.values(device).forEach((e) => void e.close()));

/** Whether output `at` is in a tile that has input pixel (image, row, column) in reach. */
function inReach({ oh, ow, co, padTop, padLeft }: Numbers, at: number, pixel: number[]): boolean {
  const out = Math.floor(at / co);
  const [image, row, column] = pixel;
  const from = (place: number, pad: number) => 4 * Math.floor(place / 4) - pad;
  const below = row - from(Math.floor(out / ow) % oh, padTop);
  const beside = column - from(out % ow, padLeft);
  return Math.floor(out / (oh * ow)) === image && below >= 0 && below < 6 && beside >= 0 && beside < 6;
}

describe.each(["simd", "relaxed"] as const)("in the %s build", (build) => {
  test.each([1e6, -1e30, Number.POSITIVE_INFINITY, Number.NaN])(
    "a pixel of %d changes no bit of the outputs of tiles that do not have it in reach",
    (value) => {
      for (const kernelCase of winograd.cases()) {
        const numbers = numbersOf(kernelCase);
        const { n, h, w, ci } = numbers;
        const run = (x: Float32Array) => {
          const args = { ...kernelCase.args, x };
          return runKernel(device[build], "winograd", { ...kernelCase, args }, ["y"]).after.y as Float32Array;
        };
        const x = kernelCase.args.x as Float32Array;
        const clean = run(x);
        for (const pixel of [
          [0, 0, 0],
          [n - 1, h - 1, w - 1],
          [0, h >> 1, w >> 1],
          [n - 1, Math.min(4, h - 1), Math.min(5, w - 1)],
        ]) {
          const at = ((pixel[0] * h + pixel[1]) * w + pixel[2]) * ci;
          const y = run(x.map((v, i) => (i >= at && i < at + ci ? value : v)));
          const wrong = y.findIndex((v, i) => !Object.is(v, clean[i]) && !inReach(numbers, i, pixel));
          expect(wrong, `${kernelCase.label}, pixel ${pixel}`).toBe(-1);
          const touched = y.some((v, i) => !Object.is(v, clean[i]));
          expect(touched, `${kernelCase.label}, pixel ${pixel}`).toBe(true);
        }
      }
    },
  );
});
