import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { type ArgumentType, contract, kernelNames } from "#dist/kernels/contract.js";

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
