import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { experiment } from "#dist/experiments/figure1/index.js";
import { temporaryFolder } from "../../support/folder.ts";
import { smallDataset } from "../../support/mnist.ts";
import { reproduces } from "../../support/reproduces.ts";
import { batchnorm } from "../../support/shell.ts";

reproduces(experiment, { steps: 20, runs: [4] });

test("--search tries every setting for both networks, uses the best and records the choice", async () => {
  const out = temporaryFolder();
  const args = ["--search", "--quick", "--steps", "40", "--data", smallDataset(), "--out", out];
  const { code, err } = await batchnorm(["reproduce", "figure1", ...args]);
  expect(code).toBe(0);
  expect(err).toContain("Training 30 runs");
  const choice = JSON.parse(readFileSync(join(out, "figure1.choice.json"), "utf8"));
  const results = JSON.parse(readFileSync(join(out, "figure1.json"), "utf8"));
  expect(results.choice).toEqual(choice);
  expect(choice.search).toMatchObject({ steps: 40, finalists: 4, finalSteps: 40, seed: 1 });
  expect(choice.search.trials).toHaveLength(30);
  expect(choice.search.finals).toHaveLength(8);
  for (const [network, batchNorm] of [
    ["withBatchNorm", true],
    ["withoutBatchNorm", false],
  ] as const) {
    const own = choice.search.finals.filter((trial: { batchNorm: boolean }) => trial.batchNorm === batchNorm);
    const top = Math.max(...own.map((trial: { accuracy: number }) => trial.accuracy));
    const { learningRate, sigma } = choice.best[network];
    expect(own).toContainEqual({ batchNorm, learningRate, sigma, accuracy: top });
    expect(results.best[network]).toMatchObject({ batchNorm, learningRate, sigma });
  }
});
