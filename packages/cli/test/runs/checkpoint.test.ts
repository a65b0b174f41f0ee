import { existsSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import type { SharedData } from "#dist/datasets/shared.js";
import { InterruptedError } from "#dist/errors.js";
import { kind } from "#dist/networks/inception/run.js";
import type { ImageSpec } from "#dist/networks/inception/spec.js";
import { Laboratory, type Progress } from "#dist/runs/laboratory.js";
import { type Job, specHash } from "#dist/runs/spec.js";
import { RunStore } from "#dist/runs/store.js";
import { fewSteps, loadFewColours } from "../support/colours.ts";
import { temporaryFolder } from "../support/folder.ts";

let data: SharedData;
beforeAll(async () => {
  data = await loadFewColours();
});

/** A run of 9 steps with checkpoints after 3 and 6 and 9. */
function job(seed = 1): Job<ImageSpec> {
  const spec = fewSteps(data.fingerprint, {
    steps: 9,
    measureAt: [{ step: 9, images: 4 }],
    probabilities: false,
    seed,
  });
  return { label: `seed ${seed}`, spec };
}

function laboratory(folder: string, advanced: (job: Job, step: number) => void = () => {}, fresh = false) {
  const begun: [label: string, step: number][] = [];
  const interrupt = new AbortController();
  const progress: Progress = {
    begin() {},
    started: (_slot, { label, checkpoint }) => begun.push([label, checkpoint?.step ?? 0]),
    advanced: (_slot, job, step) => advanced(job, step),
    finished() {},
    end() {},
  };
  const store = new RunStore(folder, fresh);
  const made = new Laboratory({ data, store, threads: 2, progress, note() {}, signal: interrupt.signal });
  return { made, begun, interrupt, store };
}

/** Runs that are interrupted when one of them has done so many steps. */
async function interrupted(folder: string, jobs: Job<ImageSpec>[], at: number): Promise<void> {
  const { made, interrupt } = laboratory(folder, (_, step) => step === at && interrupt.abort());
  await expect(made.run(kind, jobs)).rejects.toThrow(InterruptedError);
}

const files = (folder: string) => readdirSync(join(folder, "runs")).sort();
const checkpointOf = (folder: string, { spec }: Job) => join(folder, "runs", `${specHash(spec)}.safetensors`);
/** Results without their time, which no two runs share. */
const numbers = (results: readonly object[]) => results.map((result) => ({ ...result, seconds: null }));

test("interrupted runs go on from their checkpoints, end as if nothing had been, and keep no checkpoint then", async () => {
  const jobs = [job(1), job(2)];
  const whole = await laboratory(temporaryFolder()).made.run(kind, jobs);
  const folder = temporaryFolder();
  await interrupted(folder, jobs, 5);
  expect(existsSync(checkpointOf(folder, jobs[0])) || existsSync(checkpointOf(folder, jobs[1]))).toBe(true);
  expect(files(folder).every((file) => file.endsWith(".safetensors"))).toBe(true);

  const second = laboratory(folder);
  const results = await second.made.run(kind, jobs);
  expect(Math.max(...second.begun.map(([, step]) => step))).toBe(3);
  expect(numbers(results)).toEqual(numbers(whole));
  expect(files(folder)).toEqual(jobs.map(({ spec }) => `${specHash(spec)}.json`).sort());
});

test("a run can be interrupted again and again", async () => {
  const [whole] = await laboratory(temporaryFolder()).made.run(kind, [job()]);
  const folder = temporaryFolder();
  await interrupted(folder, [job()], 2);
  expect(existsSync(checkpointOf(folder, job()))).toBe(false);
  await interrupted(folder, [job()], 4);
  await interrupted(folder, [job()], 7);
  const last = laboratory(folder);
  const results = await last.made.run(kind, [job()]);
  expect(last.begun).toEqual([["seed 1", 6]]);
  expect(numbers(results)).toEqual(numbers([whole]));
});

test("a checkpoint that is cut off is not believed", async () => {
  const folder = temporaryFolder();
  await interrupted(folder, [job()], 5);
  truncateSync(checkpointOf(folder, job()), 1000);
  const again = laboratory(folder);
  await again.made.run(kind, [job()]);
  expect(again.begun).toEqual([["seed 1", 0]]);
});

test("a checkpoint that was left beside its result is removed", async () => {
  const folder = temporaryFolder();
  const [first] = await laboratory(folder).made.run(kind, [job()]);
  writeFileSync(checkpointOf(folder, job()), "");
  const again = laboratory(folder);
  expect(await again.made.run(kind, [job()])).toEqual([first]);
  expect(again.begun).toEqual([]);
  expect(existsSync(checkpointOf(folder, job()))).toBe(false);
});

test("a checkpoint of another run is not believed, whatever its name", async () => {
  const folder = temporaryFolder();
  await interrupted(folder, [job(1)], 5);
  writeFileSync(checkpointOf(folder, job(2)), readFileSync(checkpointOf(folder, job(1))));
  const again = laboratory(folder);
  await again.made.run(kind, [job(2)]);
  expect(again.begun).toEqual([["seed 2", 0]]);
});

test("fresh goes on from no checkpoint of an earlier call", async () => {
  const folder = temporaryFolder();
  await interrupted(folder, [job()], 5);
  const fresh = laboratory(folder, () => {}, true);
  await fresh.made.run(kind, [job()]);
  expect(fresh.begun).toEqual([["seed 1", 0]]);
  expect(files(folder)).toEqual([`${specHash(job().spec)}.json`]);
});

test("a checkpoint that cannot be written stops the list", async () => {
  const folder = temporaryFolder();
  const { made, store } = laboratory(folder);
  store.writeCheckpoint = () => Promise.reject(new Error("the disk is full"));
  await expect(made.run(kind, [job(1), job(2)])).rejects.toThrow("the disk is full");
});

test("runs on other data are refused", async () => {
  const { made } = laboratory(temporaryFolder());
  const other = { ...job(), spec: { ...job().spec, data: "another" } };
  await expect(made.run(kind, [other])).rejects.toThrow(/seed 1: is a run on other data than batchnorm-cli-/);
});
