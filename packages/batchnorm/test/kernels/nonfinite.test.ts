import { Random } from "batchnorm";
import { afterAll, describe, expect, test } from "vitest";
import { Engine } from "#dist/engine/engine.js";
import { specification } from "#dist/kernels/contract/index.js";
import { kernelNames } from "#dist/kernels/contract.js";
import { largest } from "../support/data.ts";
import { type KernelCase, numbersOf, runKernel } from "../support/kernel.ts";
import { specs } from "./cases/index.ts";

const engine = {
  reference: new Engine({ build: "reference" }),
  simd: new Engine({ build: "simd" }),
  relaxed: new Engine({ build: "relaxed" }),
};
afterAll(() => Object.values(engine).forEach((e) => void e.close()));

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
      const want = runKernel(engine.reference, name, bad, outs);
      const numbers = numbersOf(kernelCase);
      for (const build of ["simd", "relaxed"] as const) {
        const clean = runKernel(engine[build], name, kernelCase, outs);
        const got = runKernel(engine[build], name, bad, outs);
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
