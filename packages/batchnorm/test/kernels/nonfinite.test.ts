import { Random, WasmDevice } from "batchnorm";
import { describe, expect, test } from "vitest";
import { specification } from "#dist/kernels/contract/index.js";
import { kernelNames } from "#dist/kernels/contract.js";
import { largest } from "../support/data.ts";
import { type KernelCase, numbersOf, runKernel } from "../support/kernel.ts";
import { specs } from "./cases/index.ts";
import { labelled } from "./cases/sizes.ts";

const devices = { simd: new WasmDevice({ build: "simd" }), relaxed: new WasmDevice({ build: "relaxed" }) };

/** The case with one value of one input replaced. */
function poisoned(kernelCase: KernelCase, input: string, index: number, value: number): KernelCase {
  const array = (kernelCase.args[input] as Float32Array).slice();
  array[index] = value;
  return { ...kernelCase, args: { ...kernelCase.args, [input]: array } };
}

const withFloats = kernelNames.filter((name) => specs[name].inputs.length > 0);
describe.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])("%s in an input", (value) => {
  test.each(withFloats)("of %s spoils what depends on it, and changes no bit elsewhere", (name) => {
    const { inputs, cases, reaches } = specs[name];
    const { writes } = specification[name];
    const outs = Object.keys(writes);
    const random = new Random(7);
    for (const [i, kernelCase] of [...cases()].entries()) {
      // Every fifth case, each with another of the inputs.
      if (i % 5 !== 2 || kernelCase.label.includes("32768")) continue;
      const input = inputs[Math.floor(i / 5) % inputs.length];
      if (kernelCase.args[input] === null) continue;
      const index = random.integer((kernelCase.args[input] as Float32Array).length);
      const bad = poisoned(kernelCase, input, index, value);
      const want = runKernel("reference", name, bad, outs);
      const numbers = numbersOf(kernelCase);
      for (const build of ["simd", "relaxed"] as const) {
        const clean = runKernel(devices[build], name, kernelCase, outs);
        const got = runKernel(devices[build], name, bad, outs);
        for (const o of outs.filter((o) => got.after[o])) {
          const limit = writes[o](largest(want.after[o].filter(Number.isFinite)), numbers);
          got.after[o].forEach((v: number, at: number) => {
            const right = want.after[o][at];
            const good = !reaches(numbers, input, index, o, at)
              ? Object.is(v, clean.after[o][at])
              : Number.isFinite(right)
                ? Math.abs(v - right) <= limit
                : !Number.isFinite(v);
            if (!good)
              expect.fail(`${build}: ${kernelCase.label}: ${input}[${index}] made ${o}[${at}] ${v}, not ${right}`);
          });
        }
      }
    }
  });
});

test.each(["reference", ...Object.keys(devices)] as const)(
  "logits with NaN among them name no class; infinite ones do: on the %s device",
  (build) => {
    const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
    const rows = [
      [1, inf, 3],
      [-inf, -1, -inf],
      [-inf, -inf, -inf],
      [inf, inf, 0],
      [nan, 1, 0],
      [0, 1, nan],
    ];
    const labels = Int32Array.of(1, 1, 0, 0, 1, 1);
    const results = { grad: new Float32Array(18), loss: new Float64Array(6), correct: new Int32Array(6).fill(-1) };
    const sizes = { rows: 6, classes: 3, rowsPerTask: 6, gradScale: Float32Array.of(1) };
    const args = { logits: Float32Array.from(rows.flat()), labels, ...results, ...sizes };
    const bench = build === "reference" ? build : devices[build as keyof typeof devices];
    const { after } = runKernel(bench, "softmaxCrossEntropy", { label: "", args, tasks: 1 }, Object.keys(results));
    expect([...after.correct]).toEqual([1, 1, 1, 1, 0, 0]);
  },
);

test("gradInputRows where the statistics were constants: an infinite x gives dy·a, or 0 where the ReLU stopped it", () => {
  for (const [rows, channels] of [
    [1, 3],
    [5, 4],
    [6, 7],
    [9, 33],
  ]) {
    const size = rows * channels;
    const x = new Float32Array(size).map((_, i) => [Infinity, -Infinity, 1][i % 3]);
    const dy = new Float32Array(size).map((_, i) => 1 + i);
    const fill = (value: number) => new Float32Array(channels).fill(value);
    const shape = { rows, channels, rowsPerTask: rows };
    for (const relu of [true, false]) {
      const mask = relu ? { scale: fill(1), shift: fill(0) } : { scale: null, shift: null };
      const coefficients = { center: fill(0), a: fill(2), b: null, c: null, ...mask };
      const args = { x, dy, dx: new Float32Array(size), ...shape, ...coefficients };
      const want = dy.map((v, i) => (relu && x[i] < 0 ? 0 : 2 * v));
      for (const build of ["reference", "simd", "relaxed"] as const) {
        const { after, damage } = runKernel(
          build === "reference" ? build : devices[build],
          "gradInputRows",
          labelled(args, 1),
          ["dx"],
        );
        expect(after.dx, `${build}, [${rows}, ${channels}]`).toEqual(want);
        expect(damage).toEqual([]);
      }
    }
  }
});
