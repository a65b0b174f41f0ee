import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { loadMnist } from "#dist/datasets/mnist.js";
import type { SharedData } from "#dist/datasets/shared.js";
import { InterruptedError } from "#dist/errors.js";
import { kind } from "#dist/networks/sigmoids/run.js";
import { sigmoidsSpec } from "#dist/networks/sigmoids/settings.js";
import type { SigmoidsSpec } from "#dist/networks/sigmoids/spec.js";
import { Laboratory, type Progress } from "#dist/runs/laboratory.js";
import type { Job } from "#dist/runs/spec.js";
import { RunStore } from "#dist/runs/store.js";
import { temporaryFolder } from "../support/folder.ts";
import { loadSmall } from "../support/mnist.ts";

let mnist: SharedData;
beforeAll(async () => {
  mnist = await loadSmall(loadMnist, 120, 20);
});

function job(learningRate: number, choices: Partial<SigmoidsSpec> = {}): Job<SigmoidsSpec> {
  const spec = sigmoidsSpec(mnist, { batchNorm: true, learningRate, sigma: 0.1, steps: 20, seed: 1 });
  return { label: `lr ${learningRate}`, spec: { ...spec, hidden: [8], ...choices } };
}

/** A laboratory that writes down what it trains. */
function laboratory(folder: string, options: { fresh?: boolean; threads?: number; progress?: Partial<Progress> } = {}) {
  const trained: string[] = [];
  const interrupt = new AbortController();
  const progress: Progress = {
    begin() {},
    started(_slot, { label }) {
      trained.push(label);
    },
    advanced() {},
    finished() {},
    end() {},
    ...options.progress,
  };
  const made = new Laboratory({
    data: mnist,
    store: new RunStore(folder, options.fresh),
    threads: options.threads ?? 2,
    progress,
    note() {},
    signal: interrupt.signal,
  });
  return { made, trained, interrupt };
}

test("every run is carried out once and kept", async () => {
  const folder = temporaryFolder();
  const first = laboratory(folder);
  const results = await first.made.run(kind, [job(0.1), job(0.2), job(0.1)]);
  expect(first.trained.toSorted()).toEqual(["lr 0.1", "lr 0.2"]);
  expect(results[2]).toEqual(results[0]);
  expect(results[1]).not.toEqual(results[0]);

  const second = laboratory(folder);
  expect(await second.made.run(kind, [job(0.2), job(0.3), job(0.1)])).toMatchObject([
    results[1],
    { kind: "training" },
    results[0],
  ]);
  expect(second.trained).toEqual(["lr 0.3"]);
  expect(readdirSync(join(folder, "runs"))).toHaveLength(3);
});

test("fresh trains again, but once", async () => {
  const folder = temporaryFolder();
  await laboratory(folder).made.run(kind, [job(0.1)]);
  const fresh = laboratory(folder, { fresh: true });
  await fresh.made.run(kind, [job(0.1)]);
  await fresh.made.run(kind, [job(0.1)]);
  expect(fresh.trained).toEqual(["lr 0.1"]);
});

test.each([
  ["cut off", (text: string) => text.slice(0, 40)],
  ["empty", () => ""],
  ["of another run", (text: string) => text.replace('"seed":1', '"seed":2')],
  ["without a result", () => '{"spec":{}}'],
])("a stored file that is %s is not believed", async (_, damage) => {
  const folder = temporaryFolder();
  const [result] = await laboratory(folder).made.run(kind, [job(0.1)]);
  const [file] = readdirSync(join(folder, "runs")) as [string];
  const path = join(folder, "runs", file);
  writeFileSync(path, damage(readFileSync(path, "utf8")));
  const again = laboratory(folder);
  const [repeated] = await again.made.run(kind, [job(0.1)]);
  expect(again.trained).toEqual(["lr 0.1"]);
  expect(repeated?.points).toEqual(result?.points);
});

test("the number of threads changes nothing but the time", async () => {
  const jobs = [0.1, 0.2, 0.3, 0.4, 0.5].map((learningRate) => job(learningRate));
  const [one, three] = await Promise.all(
    [1, 3].map((threads) => laboratory(temporaryFolder(), { threads }).made.run(kind, jobs)),
  );
  expect(three?.map((result) => result.points)).toEqual(one?.map((result) => result.points));
});

test("an interrupted list keeps what it finished, and the next call does the rest", async () => {
  const folder = temporaryFolder();
  const jobs = [job(0.1), job(0.2, { steps: 10_000_000, measureAt: [10_000_000] }), job(0.3)];
  const first = laboratory(folder, {
    threads: 1,
    progress: { advanced: (_slot, { label }) => label === "lr 0.2" && first.interrupt.abort() },
  });
  await expect(first.made.run(kind, jobs)).rejects.toThrow(InterruptedError);
  expect(readdirSync(join(folder, "runs"))).toHaveLength(1);

  const second = laboratory(folder);
  await second.made.run(kind, [jobs[0], jobs[2]] as Job<SigmoidsSpec>[]);
  expect(second.trained).toEqual(["lr 0.3"]);
});

test("a run that cannot be carried out stops the list with its name and its reason", async () => {
  const folder = temporaryFolder();
  const impossible = job(0.2, { hidden: [-1] });
  await expect(laboratory(folder).made.run(kind, [job(0.1), impossible])).rejects.toThrow(/^lr 0\.2: .*-1/);
});

test("a signal that was given before nothing began starts nothing", async () => {
  const folder = temporaryFolder();
  const { made, trained, interrupt } = laboratory(folder);
  interrupt.abort();
  await expect(made.run(kind, [job(0.1)])).rejects.toThrow(InterruptedError);
  expect(trained).toEqual([]);
});
