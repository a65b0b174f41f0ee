import { describe, expect, test } from "vitest";
import { EXPERIMENTS } from "#dist/experiments/index.js";
import { batchnorm } from "../support/shell.ts";

describe("usage", () => {
  test.each([[[]], [["reproduce"]]])("%j alone shows the help and exits with 2", async (args) => {
    const { code, err } = await batchnorm(args);
    expect(code).toBe(2);
    expect(err).toContain("Usage: batchnorm");
  });

  test.each([
    [[]],
    [["reproduce"]],
    ...EXPERIMENTS.map(({ name }) => [["reproduce", name]]),
    [["figures"]],
    [["data"]],
    [["data", "cifar10"]],
    [["train"]],
    [["inspect"]],
    [["fold"]],
    [["recalibrate"]],
  ])("%j --help has examples", async (args) => {
    const { code, out } = await batchnorm([...args, "--help"]);
    expect(code).toBe(0);
    expect(out).toMatch(/Examples:\n {2}batchnorm \w/);
  });

  test.each([
    [["reproduce", "figure2"], /unknown command 'figure2'/],
    [["reproduce", "depth", "--search"], /unknown option '--search'/],
    [["reproduce", "depth", "--threads", "0"], /Expected a whole number of at least 1/],
    [["reproduce", "depth", "--steps", "many"], /Expected a whole number of at least 1/],
    [["reproduce", "depth", "--seed", "-1"], /Expected a whole number from 0 to 4294967295/],
    [["reproduce", "depth", "--data", "/nowhere"], /^batchnorm: \/nowhere: found neither train-images-idx3-ubyte/],
    [["figures", "--results", "/nowhere"], /^batchnorm: \/nowhere: found none of figure1\.json, robustness\.json/],
  ])("%j exits with 2 and says why", async (args, sentence) => {
    const { code, out, err } = await batchnorm(args);
    expect(code).toBe(2);
    expect(err).toMatch(sentence);
    expect(err).not.toMatch(/^\s+at /m);
    expect(out).toBe("");
  });
});
