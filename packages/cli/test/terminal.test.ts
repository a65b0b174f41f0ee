import { PassThrough } from "node:stream";
import { describe, expect, test } from "vitest";
import type { Job } from "#dist/runs/spec.js";
import { barProgress } from "#dist/terminal/bars.js";
import { lineProgress } from "#dist/terminal/lines.js";
import { Meter } from "#dist/terminal/meter.js";
import { duration, list, percent } from "#dist/words.js";

const job = (steps: number) => ({ label: "a run", spec: { steps } }) as Job;
const result = (step: number) =>
  ({ kind: "training", points: [{ step, loss: 1, accuracy: {} }], divergedAt: null, seconds: 1 }) as const;

describe("Meter", () => {
  test("adds up finished runs and those under way, and foretells the rest", () => {
    let now = 100;
    const meter = new Meter([job(1000), job(1000), job(1000)], () => now);
    meter.start(0, job(1000));
    meter.start(1, job(1000));
    now = 110;
    meter.advance(0, 600);
    meter.finish(1, 1000);
    meter.start(1, job(1000));
    expect(meter.all()).toEqual({ done: 1600, total: 3000, rate: 160, secondsLeft: 1400 / 160 });
    expect(meter.slot(0)).toEqual({ done: 600, total: 1000, rate: 60, secondsLeft: 400 / 60 });
    expect(meter.slot(1)?.done).toBe(0);
  });

  test("does not wait for steps that a diverged run leaves out", () => {
    let now = 0;
    const meter = new Meter([job(1000), job(1000)], () => now);
    meter.start(0, job(1000));
    now = 1;
    meter.finish(0, 200);
    expect(meter.all()).toEqual({ done: 200, total: 1200, rate: 200, secondsLeft: 5 });
  });

  test("counts what earlier calls did, but not in its rate", () => {
    let now = 0;
    const begun = { ...job(1000), checkpoint: { step: 400, bytes: new Uint8Array(0) } };
    const meter = new Meter([begun, job(1000), begun], () => now);
    expect(meter.all().done).toBe(800);
    meter.start(0, begun);
    expect(meter.slot(0)).toMatchObject({ done: 400, total: 1000, rate: 0 });
    now = 10;
    meter.advance(0, 500);
    expect(meter.slot(0)).toEqual({ done: 500, total: 1000, rate: 10, secondsLeft: 50 });
    expect(meter.all()).toEqual({ done: 900, total: 3000, rate: 10, secondsLeft: 210 });
    meter.finish(0, 1000);
    expect(meter.all().done).toBe(1400);
  });

  test("promises nothing before the first step", () => {
    const meter = new Meter([job(10)], () => 5);
    expect(meter.all()).toEqual({ done: 0, total: 10, rate: 0, secondsLeft: Number.POSITIVE_INFINITY });
  });
});

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

test("durations and shares read as a person would say them", () => {
  expect([0.2, 59, 61, 125, 3_700, Number.POSITIVE_INFINITY].map(duration)).toEqual([
    "1 s",
    "59 s",
    "1 min 01 s",
    "2 min 05 s",
    "1 h 1 min",
    "?",
  ]);
  expect([["a"], ["a", "b"], ["a", "b", "c"]].map(list)).toEqual(["a", "a and b", "a, b and c"]);
  expect([percent(0.97062), percent(0.5, 0), percent(1)]).toEqual(["97.06%", "50%", "100.00%"]);
});
