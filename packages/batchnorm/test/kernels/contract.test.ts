import { expect, test } from "vitest";
import { specification } from "#dist/kernels/contract/index.js";
import { type ArgumentType, contract, kernelNames, limitsOf } from "#dist/kernels/contract.js";
import { referenceOf } from "#dist/kernels/reference.js";
import { compileBuild, type WasmBuild } from "#dist/wasm/builds.js";
import { numbersOf } from "../support/kernel.ts";
import { specs } from "./cases/index.ts";

const sorted = (names: Iterable<string>) => [...names].sort();
const threadFunctions = ["close", "fail", "listen", "open", "settle", "walk", "walkAlone"];

test.each<WasmBuild>(["simd", "relaxed"])(
  "the %s build exports the table's kernels, and what threads need",
  (build) => {
    const names = WebAssembly.Module.exports(compileBuild(build, true)).map(({ name }) => name);
    expect(sorted(names)).toEqual(sorted([...kernelNames, ...threadFunctions]));
  },
);

test("the reference has the table's kernels", () => {
  expect(sorted(Object.keys(referenceOf(limitsOf("reference"))))).toEqual(sorted(kernelNames));
});

test("every kernel of the table has cases, which give all of its arguments and no others", () => {
  expect(sorted(Object.keys(specs))).toEqual(sorted(kernelNames));
  for (const name of kernelNames) {
    let cases = 0;
    for (const { args } of specs[name].cases()) {
      cases++;
      expect(sorted(Object.keys(args)), name).toEqual(sorted(Object.keys(contract[name])));
    }
    expect(cases, name).toBeGreaterThan(10);
  }
});

test("every array of floats of every kernel is an input or an output of its cases", () => {
  for (const name of kernelNames) {
    const { inputs, apart = [] } = specs[name];
    const arrays = Object.entries<ArgumentType>(contract[name]).filter(([, type]) => /^f\d\d\*$/.test(type));
    const known = new Set([...inputs, ...apart, ...Object.keys(specification[name].writes)]);
    expect(
      arrays.map(([argument]) => argument).filter((argument) => !known.has(argument)),
      name,
    ).toEqual([]);
  }
});

test("every kernel that states its bytes has about as many in the large arrays of its largest case", () => {
  for (const name of kernelNames) {
    const { args, bytes, writes } = specification[name];
    if (!bytes) continue;
    let most = 0;
    let stated = 0;
    for (const kernelCase of specs[name].cases()) {
      // What is read and written counts twice; weights and room to work in, which have no place in the sum, not at all.
      // Gathered rows may repeat.
      const moved = Object.entries(kernelCase.args).map(([argument, value]) => {
        if (value === null || typeof value === "number" || /see|room|tasks/.test(args[argument])) return 0;
        const twice = argument in writes && specs[name].inputs.includes(argument);
        return value.byteLength * (twice ? 2 : 1);
      });
      const total = moved.reduce((sum, size) => sum + size, 0);
      if (total > most) [most, stated] = [total, bytes(numbersOf(kernelCase))];
    }
    expect(stated / most, name).toBeGreaterThanOrEqual(0.5);
    expect(stated / most, name).toBeLessThan(2);
  }
});
