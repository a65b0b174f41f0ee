import { constant, cosine, exponentialDecay, type Schedule, SGD, stepDecay, warmup } from "batchnorm";
import { describe, expect, it } from "vitest";
import { openTrainer, smallDataset, smallNetwork } from "../support/training.ts";

const values = (schedule: Schedule, ...steps: number[]) => steps.map(schedule);

describe("schedules", () => {
  it("constant stays at 1", () => {
    expect(values(constant(), 0, 1, 1e6)).toEqual([1, 1, 1]);
  });

  it("stepDecay multiplies once after every so many steps", () => {
    const schedule = stepDecay({ every: 10, factor: 0.5 });
    expect(values(schedule, 0, 9, 10, 19, 20, 35)).toEqual([1, 1, 0.5, 0.5, 0.25, 0.125]);
  });

  it("exponentialDecay goes through the same values, evenly in between", () => {
    const schedule = exponentialDecay({ every: 10, factor: 0.5 });
    expect(values(schedule, 0, 10, 20)).toEqual([1, 0.5, 0.25]);
    for (const step of [1, 5, 13]) expect(schedule(step)).toBeCloseTo(0.5 ** (step / 10), 14);
  });

  it("cosine goes from 1 over the middle to the floor, and stays there", () => {
    const schedule = cosine({ steps: 100, floor: 0.2 });
    expect(schedule(0)).toBe(1);
    expect(schedule(50)).toBeCloseTo(0.6, 14);
    expect(schedule(25)).toBeCloseTo(0.2 + 0.4 * (1 + Math.SQRT1_2), 14);
    expect(values(schedule, 100, 101, 1e6)).toEqual([0.2, 0.2, 0.2]);
    expect(cosine({ steps: 4 })(4)).toBe(0);
  });

  it("warmup rises in a line from the first step, then begins the other schedule", () => {
    const schedule = warmup({ steps: 4, after: stepDecay({ every: 2, factor: 0.5 }) });
    expect(values(schedule, 0, 1, 2, 3, 4, 5, 6, 8)).toEqual([0.25, 0.5, 0.75, 1, 1, 1, 0.5, 0.25]);
    expect(values(warmup({ steps: 2 }), 0, 1, 2, 50)).toEqual([0.5, 1, 1, 1]);
  });

  it.each([
    ["stepDecay", stepDecay({ every: 7, factor: 0.9 })],
    ["exponentialDecay", exponentialDecay({ every: 7, factor: 0.9 })],
    ["cosine", cosine({ steps: 200 })],
  ])("%s never rises", (_name, schedule) => {
    for (let step = 0; step < 300; step++) expect(schedule(step + 1)).toBeLessThanOrEqual(schedule(step));
    expect(schedule(300)).toBeLessThan(0.5);
  });
});

describe("a trainer", () => {
  it("multiplies the optimizer's rate by the schedule at every step, and reports it", async () => {
    const schedule = stepDecay({ every: 2, factor: 0.5 });
    const trainer = openTrainer(smallNetwork(), { optimizer: new SGD({ lr: 0.8 }), schedule });
    const reports = await trainer.fit(smallDataset(), { untilStep: 5, batchSize: 10, every: 1 });
    expect(reports.map(({ learningRate }) => learningRate)).toEqual([0.8, 0.8, 0.4, 0.4, 0.2]);
    expect(trainer.learningRate).toBe(0.2);
  });
});
