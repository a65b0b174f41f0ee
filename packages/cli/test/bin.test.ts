/** The command as npm links it. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const at = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));

test("is a file of the repository, for npm to link before anything is built, and starts the built one", () => {
  const { bin, version, files } = JSON.parse(readFileSync(at("package.json"), "utf8"));
  expect(bin.batchnorm).not.toContain("dist");
  expect(files.some((folder: string) => bin.batchnorm.startsWith(`./${folder}/`))).toBe(true);
  expect(execFileSync(process.execPath, [at(bin.batchnorm), "--version"], { encoding: "utf8" })).toBe(`${version}\n`);
});
