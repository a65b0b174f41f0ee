import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../../support/folder.ts";
import { batchnorm } from "../../support/shell.ts";

describe("figures", () => {
  test.each([
    ["no JSON", "{", /figure1\.json: is not JSON/],
    [
      "another experiment's",
      '{"experiment":"depth","format":1}',
      /expected the results of figure1 in format 1, got depth in format 1/,
    ],
    ["of another format", '{"experiment":"figure1","format":99}', /got figure1 in format 99; record them again/],
    ["not whole", '{"experiment":"figure1","format":1}', /its numbers could not be drawn/],
  ])("refuses numbers that are %s", async (_, content, sentence) => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "figure1.json"), content);
    const { code, err } = await batchnorm(["figures", "--results", folder, "--out", folder]);
    expect(code).toBe(2);
    expect(err).toMatch(sentence);
    expect(readdirSync(folder)).toEqual(["figure1.json"]);
  });
});
