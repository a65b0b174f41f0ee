import { expect, test } from "vitest";
import { type ArgumentType, contract, kernelNames } from "#dist/kernels/contract.js";
import { reference } from "#dist/kernels/reference.js";
import { compileBuild, type WasmBuild } from "#dist/kernels/wasm.js";
import { specs } from "./cases/index.ts";

const sorted = (names: Iterable<string>) => [...names].sort();
const threadFunctions = ["close", "finish", "join", "listen", "open", "take"];

test.each<WasmBuild>(["simd", "relaxed"])(
  "the %s build exports the table's kernels, and what threads need",
  (build) => {
    const names = WebAssembly.Module.exports(compileBuild(build, true)).map(({ name }) => name);
    expect(sorted(names)).toEqual(sorted([...kernelNames, ...threadFunctions]));
  },
);

test("the reference has the table's kernels", () => {
  expect(sorted(Object.keys(reference))).toEqual(sorted(kernelNames));
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
    const { inputs, apart = [], out } = specs[name];
    const arrays = Object.entries<ArgumentType>(contract[name]).filter(([, type]) => /^f\d\d\*$/.test(type));
    const known = new Set([...inputs, ...apart, ...Object.keys(out)]);
    expect(
      arrays.map(([argument]) => argument).filter((argument) => !known.has(argument)),
      name,
    ).toEqual([]);
  }
});
