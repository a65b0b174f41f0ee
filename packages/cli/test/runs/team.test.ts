import { beforeAll, expect, test } from "vitest";
import { loadMnist } from "#dist/datasets/mnist.js";
import type { SharedData } from "#dist/datasets/shared.js";
import { InterruptedError } from "#dist/errors.js";
import { kind } from "#dist/networks/sigmoids/run.js";
import { sigmoidsSpec } from "#dist/networks/sigmoids/settings.js";
import type { SigmoidsSpec } from "#dist/networks/sigmoids/spec.js";
import type { Job, RunResult } from "#dist/runs/spec.js";
import { teamPool } from "#dist/runs/team.js";
import { ALONE } from "#dist/team/team.js";
import { loadSmall } from "../support/mnist.ts";
import { alone } from "../support/runs.ts";

let mnist: SharedData;
beforeAll(async () => {
  mnist = await loadSmall(loadMnist, 120, 20);
});

function jobs(): Job<SigmoidsSpec>[] {
  const spec = sigmoidsSpec(mnist, { batchNorm: true, learningRate: 0.1, sigma: 0.1, steps: 6, seed: 1 });
  return [1, 2].map((seed) => ({ label: `seed ${seed}`, spec: { ...spec, hidden: [8], seed } }));
}

function listener() {
  const finished: [label: string, result: RunResult][] = [];
  return {
    finished,
    told: {
      started() {},
      advanced() {},
      saved: async () => {},
      finished: async (_: number, job: Job, result: RunResult) => {
        finished.push([job.label, result]);
      },
    },
  };
}

const signal = () => new AbortController().signal;

test("a team carries out one run after another, each as it would be alone", async () => {
  const { finished, told } = listener();
  await teamPool(ALONE, kind)(kind, jobs(), mnist, 1, told, signal());
  expect(finished.map(([label]) => label)).toEqual(["seed 1", "seed 2"]);
  const results = await Promise.all(jobs().map(({ spec }) => kind.carryOut(spec, mnist, alone())));
  expect(finished.map(([, { points }]) => points)).toEqual(results.map(({ points }) => points));
});

test("runs of a kind that the others do not know are refused, and none when it was told to stop", async () => {
  const { finished, told } = listener();
  const other = { ...kind, module: "file:///other.js" };
  await expect(teamPool(ALONE, kind)(other, jobs(), mnist, 1, told, signal())).rejects.toThrow(/run\.js, got some of/);
  await expect(teamPool(ALONE, kind)(kind, jobs(), mnist, 1, told, AbortSignal.abort())).rejects.toThrow(
    InterruptedError,
  );
  expect(finished).toEqual([]);
});
