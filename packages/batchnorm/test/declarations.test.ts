/** What compilers read of the packages, in a project that shares none of this one's settings. */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

/** Compiles the project in `declarations`, with some of its settings changed; gives the files that were read. */
function compile(...settings: string[]): string[] {
  const compiler = path("../../../node_modules/typescript/bin/tsc");
  const all = [compiler, "-p", path("declarations"), "--listFiles", ...settings];
  const { status, stdout } = spawnSync(process.execPath, all, { encoding: "utf8" });
  const lines = stdout.split("\n");
  expect(status, lines.filter((line) => line.includes("error TS")).join("\n")).toBe(0);
  return lines;
}

describe("a strict project that checks declarations compiles", () => {
  it("without Node's types, the newest library, or ONNX Runtime, which not everybody can install", () => {
    const files = compile();
    expect(files).toContainEqual(expect.stringMatching(/onnx\/dist\/index\.d\.ts$/));
    expect(files.filter((file) => /@types\/node|onnxruntime/.test(file))).toEqual([]);
  });

  it.each<[string, string[]]>([
    ["with a bundler's resolution", ["--module", "esnext", "--moduleResolution", "bundler"]],
    ["without the DOM's types", ["--lib", "es2022"]],
    ["with the newest library, and a worker's types", ["--lib", "esnext,webworker"]],
    ["with exact optional properties", ["--exactOptionalPropertyTypes", "--noUncheckedIndexedAccess"]],
  ])("%s", (_name, settings) => {
    compile(...settings);
  });
});

describe.each(["batchnorm", "onnx", "mpi"])("packages/%s", (folder) => {
  const { exports, main, types, typesVersions } = JSON.parse(
    readFileSync(path(`../../${folder}/package.json`), "utf8"),
  );

  it("says the same to compilers that do not read `exports` (moduleResolution: node10)", () => {
    const { ".": root, ...others } = exports as Record<string, { types: string; default: string }>;
    expect({ types, default: main }).toEqual(root);
    const entries = Object.entries(others).map(([name, { types }]) => [name.slice(2), [types]]);
    expect(typesVersions?.["*"] ?? {}).toEqual(Object.fromEntries(entries));
  });

  it("asks for no library that an older compiler has not, such as esnext.disposable before TypeScript 5.2", () => {
    const dist = path(`../../${folder}/dist`);
    const files = readdirSync(dist, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".d.ts"));
    expect(files.length).toBeGreaterThan(4);
    const asking = files.filter((file) => readFileSync(`${dist}/${file}`, "utf8").includes("/// <reference"));
    expect(asking).toEqual([]);
  });
});

it("CommonJS loads every entry by require", () => {
  const { exports } = JSON.parse(readFileSync(path("../package.json"), "utf8"));
  const require = createRequire(import.meta.url);
  for (const name of Object.keys(exports)) {
    expect(Object.keys(require(`batchnorm${name.slice(1)}`)).length, name).toBeGreaterThan(0);
  }
});
