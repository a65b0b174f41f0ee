import { describe, expect, test } from "vitest";
import type { Job } from "#dist/runs/spec.js";
import { Meter } from "#dist/terminal/meter.js";

const job = (steps: number) => ({ label: "a run", spec: { steps } }) as Job;

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
