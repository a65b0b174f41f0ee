/** The error bounds that assembly/math.ts states, seen through the kernels that use it. */
import { WasmDevice } from "batchnorm";
import { describe, expect, test } from "vitest";
import type { KernelName } from "#dist/kernels/contract.js";
import { uniforms } from "../support/data.ts";
import { runKernel } from "../support/kernel.ts";
import { worst } from "../support/ulp.ts";
import { labelled } from "./cases/sizes.ts";

const builds = ["simd", "relaxed"] as const;
const devices = { simd: new WasmDevice({ build: "simd" }), relaxed: new WasmDevice({ build: "relaxed" }) };

const COUNT = 200_000;
/** Every size of number between the two, with either sign: an even spread would see few small ones. */
function sizes(seed: number, smallest: number, most: number): Float32Array {
  const exponents = uniforms(seed, COUNT, Math.log2(smallest), Math.log2(most));
  return exponents.map((e, i) => (i % 2 ? 1 : -1) * 2 ** e);
}

function activation(build: (typeof builds)[number], name: KernelName, x: Float32Array): Float32Array {
  const args = { x, y: new Float32Array(x.length), count: x.length, perTask: x.length };
  return runKernel(devices[build], name, labelled(args, 1), ["y"]).after.y as Float32Array;
}

/** Softmax over the logits 0 and x < 0: its second value is eˣ / (1 + eˣ), and eˣ where that is far below 1. */
function softmax(build: (typeof builds)[number], x: Float32Array): Float32Array {
  const rows = x.length;
  const logits = new Float32Array(2 * rows).map((_, i) => (i % 2 ? x[i >> 1] : 0));
  const results = { grad: new Float32Array(2 * rows), loss: new Float64Array(rows), correct: new Int32Array(rows) };
  const sizes = { rows, classes: 2, rowsPerTask: rows, gradScale: Float32Array.of(1) };
  const args = { logits, labels: new Int32Array(rows), ...results, ...sizes };
  const { after } = runKernel(devices[build], "softmaxCrossEntropy", labelled(args, 1), Object.keys(results));
  return (after.grad as Float32Array).filter((_, i) => i % 2 === 1);
}

describe.each(builds)("in the %s build", (build) => {
  test("exp is within 2 units in the last place, down to the smallest normal numbers", () => {
    const x = uniforms(1, COUNT, -87.3, -18);
    expect(worst(x, softmax(build, x), Math.exp).ulps).toBeLessThanOrEqual(2);
  });

  test("softmax of nearer logits is within 3.5: of exp 2, of quotient, product and their sum the rest", () => {
    const x = uniforms(2, COUNT, -18, 0);
    const exact = (v: number) => Math.exp(v) / (1 + Math.exp(v));
    expect(worst(x, softmax(build, x), exact).ulps).toBeLessThanOrEqual(3.5);
  });

  test("exp of what is far below stays a positive number no larger than the smallest normal ones", () => {
    const tails = softmax(build, Float32Array.of(-87.4, -100, -1e4, -1e30, Number.NEGATIVE_INFINITY));
    for (const p of tails) expect(p > 0 && p < 1.2e-38, String(p)).toBe(true);
  });

  test("sigmoid is within 4 from -87 to 88, and 0 to 1 beyond", () => {
    const exact = (v: number) => 1 / (1 + Math.exp(-v));
    for (const x of [uniforms(3, COUNT, -87, 88), sizes(4, 1e-30, 20)]) {
      expect(worst(x, activation(build, "sigmoid", x), exact).ulps).toBeLessThanOrEqual(4);
    }
    const [low, lowest, high, highest] = activation(build, "sigmoid", Float32Array.of(-1e4, -Infinity, 1e4, Infinity));
    for (const p of [low, lowest]) expect(p >= 0 && p < 1e-37, String(p)).toBe(true);
    expect([high, highest]).toEqual([1, 1]);
    expect(activation(build, "sigmoid", Float32Array.of(0))[0]).toBe(0.5);
  });

  test("tanh is within 3 of every size of number, with its sign", () => {
    for (const x of [sizes(5, 1e-37, 50), uniforms(6, COUNT, 0.6, 0.65), uniforms(7, COUNT, -2, 2)]) {
      expect(worst(x, activation(build, "tanh", x), Math.tanh).ulps).toBeLessThanOrEqual(3);
    }
    const ends = activation(build, "tanh", Float32Array.of(0, 1e4, -1e4, Infinity, -Infinity));
    expect([...ends]).toEqual([0, 1, -1, 1, -1]);
  });

  test("log is within 2e-15: the loss of n equal logits is log n", () => {
    for (const classes of [
      1, 2, 3, 5, 7, 10, 11, 13, 100, 181, 182, 1000, 1447, 1449, 10000, 23169, 23171, 32767, 32768,
    ]) {
      const results = { grad: new Float32Array(classes), loss: new Float64Array(1), correct: new Int32Array(1) };
      const sizes = { rows: 1, classes, rowsPerTask: 1, gradScale: Float32Array.of(1) };
      const args = { logits: new Float32Array(classes).fill(7), labels: new Int32Array(1), ...results, ...sizes };
      const { after } = runKernel(devices[build], "softmaxCrossEntropy", labelled(args, 1), Object.keys(results));
      const exact = Math.log(classes);
      expect(Math.abs(after.loss[0] - exact), `log ${classes}`).toBeLessThanOrEqual(2e-15 * exact);
    }
  });
});
