import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import type { Job } from "#dist/runs/spec.js";
import { barProgress } from "#dist/terminal/bars.js";
import { lineProgress } from "#dist/terminal/lines.js";

const job = (steps: number) => ({ label: "a run", spec: { steps } }) as Job;
const result = (step: number) =>
  ({ kind: "training", points: [{ step, loss: 1, accuracy: {} }], divergedAt: null, seconds: 1 }) as const;

test("lines come at the start, every ten seconds and at the end", () => {
  let now = 0;
  const lines: string[] = [];
  const progress = lineProgress(
    (line) => lines.push(line),
    () => now,
  );
  const only = job(20_000);
  progress.begin([only], 3, 1);
  progress.started(0, only);
  for (now = 1; now <= 20; now++) progress.advanced(0, only, 1000 * now);
  progress.finished(0, only, result(20_000));
  progress.end();
  expect(lines).toEqual([
    "Training 1 run, 1 at a time; 3 runs from before kept.",
    " 50%  0 of 1 run done, 10,000 of 20,000 steps, 1,000 steps/s, 10 s left",
    "100%  0 of 1 run done, 20,000 of 20,000 steps, 1,000 steps/s",
    "100%  1 of 1 run done, 20,000 of 20,000 steps, 952 steps/s",
  ]);
});

test("runs that go on from a checkpoint are told", () => {
  const lines: string[] = [];
  const begun = { ...job(10), checkpoint: { step: 4, bytes: new Uint8Array(0) } };
  const begin = (kept: number) => lineProgress((line) => lines.push(line)).begin([begun, job(10)], kept, 2);
  begin(0);
  begin(1);
  expect(lines).toEqual([
    "Training 2 runs, 2 at a time; 1 run going on from a checkpoint.",
    "Training 2 runs, 2 at a time; 1 run from before kept, 1 run going on from a checkpoint.",
  ]);
});

test("bars show each run and all of them, and leave the terminal as it was", async () => {
  let written = "";
  const stream = new PassThrough().on("data", (chunk) => {
    written += chunk;
  });
  const terminal = Object.assign(stream, { isTTY: true, columns: 100 }) as unknown as NodeJS.WriteStream;
  const jobs = ["first", "second"].map((label) => ({ label, spec: { steps: 1000 } }) as Job);
  const progress = barProgress(terminal);
  progress.begin(jobs, 2, 2);
  jobs.forEach((each, slot) => {
    progress.started(slot, each);
  });
  progress.advanced(0, jobs[0], 250);
  progress.advanced(1, jobs[1], 500);
  await new Promise((resolve) => setTimeout(resolve, 300));
  progress.finished(0, jobs[0], result(1000));
  progress.end();
  expect(written).toContain("2 runs from before kept.");
  expect(written).toMatch(/first .*25% .*steps\/s .*left/);
  expect(written).toMatch(/second .*50% .*steps\/s .*left/);
  expect(written).toMatch(/0 of 2 runs done .*38% /);
  expect(written.lastIndexOf("\x1b[?25h")).toBeGreaterThan(written.lastIndexOf("\x1b[?25l"));
});
