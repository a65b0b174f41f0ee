/** `fit`: what it reports, when it ends, and that others get a turn. */
import { Dataset, type Progress, randn, tensor } from "batchnorm";
import { describe, expect, it } from "vitest";
import { builds } from "../support/builds.ts";
import { fitAll, openTrainer, smallDataset, smallNetwork } from "../support/training.ts";

const data = smallDataset({ count: 50 });
const steps = (reports: Progress[]) => reports.map(({ step }) => step);
const epochs = (reports: Progress[]) => reports.map(({ epoch }) => epoch);

describe("fit", () => {
  it("reports every so many steps, and at the end", async () => {
    const trainer = openTrainer(smallNetwork());
    expect(steps(await fitAll(trainer, data, { steps: 10, batchSize: 8, every: 4 }))).toEqual([4, 8, 10]);
  });

  it("counts steps in all: a second call goes on, and does nothing where they are already taken", async () => {
    const trainer = openTrainer(smallNetwork());
    for (let i = 0; i < 3; i++) await trainer.step(randn([4, 6], { seed: i }), [0, 1, 2, 0]);
    expect(steps(await fitAll(trainer, data, { steps: 5, batchSize: 8, every: 1 }))).toEqual([4, 5]);
    expect(steps(await fitAll(trainer, data, { steps: 5, batchSize: 8, every: 1 }))).toEqual([]);
    expect(steps(await fitAll(trainer, data, { steps: 0, batchSize: 8 }))).toEqual([]);
    expect(trainer.stepCount).toBe(5);
  });

  it("counts epochs in all, each as many steps as there are whole batches", async () => {
    const trainer = openTrainer(smallNetwork());
    // 50 examples are three batches of 16; two are left out.
    const reports = await fitAll(trainer, data, { epochs: 2, batchSize: 16, every: 1 });
    expect(steps(reports)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(epochs(reports)).toEqual([0, 0, 1, 1, 1, 2]);
    expect(trainer.epoch).toBe(2);
    expect(steps(await fitAll(trainer, data, { epochs: 3, batchSize: 16, every: 1 }))).toEqual([7, 8, 9]);
    expect(steps(await fitAll(trainer, data, { epochs: 3, batchSize: 16, every: 1 }))).toEqual([]);
  });

  it("reports the means of loss and accuracy since the report before", async () => {
    const trainer = openTrainer(smallNetwork());
    const each = await fitAll(openTrainer(smallNetwork()), data, { steps: 7, batchSize: 8, every: 1 });
    const mean = async (from: number, to: number, key: "loss" | "accuracy") =>
      each.slice(from, to).reduce((sum, report) => sum + report[key], 0) / (to - from);
    const [first, second] = await fitAll(trainer, data, { steps: 7, batchSize: 8, every: 5 });
    expect(first.loss).toBeCloseTo(mean(0, 5, "loss"), 12);
    expect(first.accuracy).toBeCloseTo(mean(0, 5, "accuracy"), 12);
    expect(second.loss).toBeCloseTo(mean(5, 7, "loss"), 12);
    expect(second.accuracy).toBeCloseTo(mean(5, 7, "accuracy"), 12);
  });

  it("makes the same steps as `step` with the same examples", async () => {
    const fitted = smallNetwork();
    const trainer = openTrainer(fitted);
    const batches: Float32Array[] = [];
    trainer.watch(fitted.layers[0], ({ input }) => batches.push(input.data.slice()));
    const reports = await fitAll(trainer, data, { steps: 5, batchSize: 8, every: 1 });

    const labelOf = new Map(Array.from(data.labels ?? [], (label, i) => [data.data[6 * i], label]));
    const stepped = openTrainer(smallNetwork());
    for (const [i, batch] of batches.entries()) {
      const labels = Array.from({ length: 8 }, (_, row) => labelOf.get(batch[6 * row]) as number);
      expect(stepped.step(tensor(batch, [8, 6]), labels).loss).toBe(reports[i].loss);
    }
    expect(stepped.model.stateDict()).toEqual(fitted.stateDict());
  });

  it.each(builds)("scales bytes where it takes floats as they are, on %s", async (build) => {
    const bytes = Uint8Array.from({ length: 20 * 33 }, (_, i) => (i * 37) % 256);
    const labels = Array.from({ length: 20 }, (_, i) => i % 3);
    const run = async (values: Uint8Array | Float32Array, scale = 1) => {
      const trainer = openTrainer(smallNetwork({ inputs: 33 }), { build });
      const set = new Dataset({ data: values, shape: [33], labels, scale });
      return fitAll(trainer, set, { epochs: 2, batchSize: 6, every: 1 });
    };
    expect(await run(bytes, 1 / 256)).toEqual(await run(Float32Array.from(bytes, (v) => v / 256)));
  });
});

describe("a fit that goes on for long", () => {
  const most = 1_000_000;

  it("lets timers run and ends, after a step, when its signal is aborted", async () => {
    const trainer = openTrainer(smallNetwork());
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 1);
    const { signal } = controller;
    await fitAll(trainer, data, { steps: most, batchSize: 50, every: most, signal });
    expect(trainer.stepCount).toBeGreaterThan(0);
    expect(trainer.stepCount).toBeLessThan(most);
    await trainer.step(randn([4, 6], { seed: 1 }), [0, 1, 2, 0]); // still of use
  });

  it("ends at once when its signal is aborted while it reports", async () => {
    const trainer = openTrainer(smallNetwork());
    const controller = new AbortController();
    const { signal } = controller;
    for await (const { step } of trainer.fit(data, { steps: most, batchSize: 50, every: 3, signal })) {
      if (step === 6) controller.abort();
    }
    expect(trainer.stepCount).toBe(6);
  });

  it("takes no step when its signal is aborted before", async () => {
    const trainer = openTrainer(smallNetwork());
    await fitAll(trainer, data, { steps: 5, batchSize: 50, signal: AbortSignal.abort() });
    expect(trainer.stepCount).toBe(0);
  });

  it("ends where the reader leaves its loop", async () => {
    const trainer = openTrainer(smallNetwork());
    for await (const { step } of trainer.fit(data, { steps: most, batchSize: 50, every: 3 })) if (step === 9) break;
    expect(trainer.stepCount).toBe(9);
  });
});
