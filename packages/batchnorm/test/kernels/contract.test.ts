import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
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

/** The structs of assembly/, and which function takes which. */
function structs() {
  const folder = fileURLToPath(new URL("../../assembly/", import.meta.url));
  const text = readdirSync(folder)
    .map((file) => readFileSync(folder + file, "utf8"))
    .join("\n");
  const fields = new Map<string, { field: string; types: string[] }[]>();
  for (const [, name, body] of text.matchAll(/@unmanaged\s+export class (\w+) \{(.*?)\n\}/gs)) {
    const lines = [...body.matchAll(/^ {2}(\w+): (\w+) = 0;(?: \/\/ (\w+)(?: or (\w+))?)?/gm)];
    const types = ([, , type, ...pointees]: string[]) => (type === "usize" ? pointees.map((p) => `${p}*`) : [type]);
    fields.set(
      name,
      lines.map((line) => ({ field: line[1], types: types(line) })),
    );
  }
  const takes = [...text.matchAll(/export function (\w+)\(args: (\w+), task: i32\)/g)];
  return new Map(takes.map(([, kernel, struct]) => [kernel, fields.get(struct)]));
}

test("the structs that assembly/ declares have the table's arguments in its order", () => {
  const declared = structs();
  for (const name of kernelNames) {
    const fields = declared.get(name) ?? [];
    const args = Object.entries<ArgumentType>(contract[name]);
    expect(
      fields.map(({ field }) => field),
      name,
    ).toEqual(args.map(([argument]) => argument));
    for (const [i, [, type]] of args.entries()) expect(fields[i].types, `${name}, argument ${i}`).toContain(type);
  }
});
