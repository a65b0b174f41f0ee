/** What assembly/ is compiled with is what the contract says: the generated files are its own, and nothing stands beside them. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { specification, typeOf } from "#dist/kernels/contract/index.js";
import { contract, control, kernelNames, limitsOf } from "#dist/kernels/contract.js";

const folder = fileURLToPath(new URL("../../assembly/", import.meta.url));
const read = (file: string) => readFileSync(folder + file, "utf8");
const written = readdirSync(folder).filter((file) => file.endsWith(".ts") && !file.endsWith(".gen.ts"));

/** The fields of each generated struct, with their types. */
const structs = new Map(
  [...read("structs.gen.ts").matchAll(/@unmanaged\nexport class (\w+) \{\n(.*?)\n\}/gs)].map(([, name, body]) => [
    name,
    [...body.matchAll(/^ {2}(\w+): (\w+) = 0;/gm)].map(([, field, type]) => [field, type]),
  ]),
);

test("every struct has the arguments of its kernels, in their order", () => {
  for (const name of kernelNames) {
    const { struct, args } = specification[name];
    const types = Object.entries(args).map(([argument, type]) => [argument, typeOf(type).replace(/.*\*/, "usize")]);
    expect(structs.get(struct), name).toEqual(types);
  }
});

test("the table that the library runs on has the contract's kernels, arguments and types, in the same order", () => {
  const types = Object.entries(specification).map(([name, { args }]) => [
    name,
    Object.entries(args).map(([argument, type]) => [argument, typeOf(type)]),
  ]);
  expect(Object.entries(contract).map(([name, args]) => [name, Object.entries(args)])).toEqual(types);
});

test("every kernel reads its arguments by its struct, and no struct is written by hand", () => {
  const text = written.map(read).join("\n");
  expect(text).not.toContain("@unmanaged");
  const takes = [...text.matchAll(/export function (\w+)\(args: (\w+), task: i32\)/g)].map(([, name, type]) => [
    name,
    type,
  ]);
  expect(Object.fromEntries(takes)).toEqual(
    Object.fromEntries(kernelNames.map((name) => [name, specification[name].struct])),
  );
});

test("the gradient of Winograd's weights has what the input's side reads where Winograd itself has it", () => {
  const [forward, gradient] = [structs.get("Winograd")!, structs.get("WinogradGradWeight")!];
  for (const field of ["x", "n", "h", "w", "ci", "padTop", "padLeft", "segmentTiles"]) {
    const place = forward.findIndex(([name]) => name === field);
    expect(place, field).toBeGreaterThanOrEqual(0);
    expect(gradient[place], field).toEqual(forward[place]);
  }
});

test("the constants are the contract's limits and places in the control block", () => {
  const lines = [...read("limits.gen.ts").matchAll(/^export const (\w+): \w+ = (\d+);$/gm)];
  const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
  // The file is of the build that was compiled last.
  const expected = [
    ...Object.entries(limitsOf("relaxed")).map(([name, value]) => [snake(name), value]),
    ...Object.entries(control).map(([name, at]) => [`CONTROL_${snake(name)}`, at]),
  ];
  expect(Object.fromEntries(lines.map(([, name, value]) => [name, Number(value)]))).toEqual(
    Object.fromEntries(expected),
  );
});
