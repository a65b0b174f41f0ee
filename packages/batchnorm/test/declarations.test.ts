/** What compilers read of the packages, in a project that shares none of this one's settings. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

it("compiles strictly, without Node's types, the newest library, or ONNX Runtime, which not everybody can install", () => {
  const compiler = path("../../../node_modules/typescript/bin/tsc");
  const { status, stdout } = spawnSync(process.execPath, [compiler, "-p", path("declarations"), "--listFiles"], {
    encoding: "utf8",
  });
  const files = stdout.split("\n");
  expect(status, files.filter((line) => line.includes("error TS")).join("\n")).toBe(0);
  expect(files).toContainEqual(expect.stringMatching(/onnx\/dist\/index\.d\.ts$/));
  expect(files.filter((file) => /@types\/node|onnxruntime/.test(file))).toEqual([]);
});
