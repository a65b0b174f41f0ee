/** A run that is saved and resumed goes on with the same bits as one that never stopped. */
import { Adam, cosine, manualSeed, randn, SGD, type Trainer, type TrainerOptions } from "batchnorm";
import { describe, expect, it } from "vitest";
import { readSafetensors } from "#dist/formats/safetensors.js";
import { digest } from "../support/data.ts";
import { devices, onEveryDevice, type TestedDevice } from "../support/devices.ts";
import { openTrainer, smallDataset, smallNetwork } from "../support/training.ts";

const data = smallDataset({ count: 43 });
const bits = async (trainer: Trainer) => digest(await trainer.save());

const setups: [name: string, make: () => Partial<TrainerOptions>][] = [
  ["SGD", () => ({ optimizer: new SGD({ lr: 0.1, weightDecay: 1e-3 }) })],
  ["SGD with momentum", () => ({ optimizer: new SGD({ lr: 0.1, momentum: 0.9, nesterov: true }) })],
  ["Adam with a schedule", () => ({ optimizer: new Adam({ lr: 0.01 }), schedule: cosine({ steps: 20 }) })],
];

onEveryDevice(({ device }) => {
  describe.each(setups)("a resumed run with %s", (_name, make) => {
    // Batches of 8: five steps an epoch. Saved in the middle of the first, at the end of one, in the middle of the third.
    it.each([1, 3, 5, 12])("ends with the same bits, saved after %i of 20 steps", async (at) => {
      const whole = openTrainer(smallNetwork(), { ...make(), device });
      const losses = await whole.fit(data, { untilStep: 20, batchSize: 8, every: 1 });

      const first = openTrainer(smallNetwork(), { ...make(), device });
      await first.fit(data, { untilStep: at, batchSize: 8 });
      const saved = await first.save();
      await first.fit(data, { untilStep: 20, batchSize: 8 });

      manualSeed(77); // nothing that is drawn from here on may matter
      const second = openTrainer(smallNetwork({ seed: 9 }), { ...make(), device, seed: 9 });
      await second.fit(data, { untilStep: 2, batchSize: 8 });
      await second.resume(saved);
      expect(second.stepCount).toBe(at);
      expect(second.epoch).toBe(Math.floor(at / 5));
      expect(await bits(second)).toBe(digest(saved));
      expect(await second.fit(data, { untilStep: 20, batchSize: 8, every: 1 })).toEqual(losses.slice(at));

      expect(await bits(second)).toBe(await bits(whole));
      expect(await bits(first)).toBe(await bits(whole));
    });
  });

  it("a checkpoint changes what the trainer does by not a bit", async () => {
    const saved = openTrainer(smallNetwork(), { device });
    const other = openTrainer(smallNetwork(), { device });
    for (let steps = 1; steps <= 6; steps++) {
      await saved.fit(data, { untilStep: steps, batchSize: 8 });
      await saved.save();
    }
    await other.fit(data, { untilStep: 6, batchSize: 8 });
    expect(await bits(saved)).toBe(await bits(other));
  });
});

describe("a checkpoint", () => {
  it("resumes on another number of threads", async () => {
    const one = openTrainer(smallNetwork());
    await one.fit(data, { untilStep: 4, batchSize: 8 });
    const two = openTrainer(smallNetwork(), { threads: 2 });
    await two.resume(await one.save());
    await one.fit(data, { untilStep: 9, batchSize: 8 });
    await two.fit(data, { untilStep: 9, batchSize: 8 });
    expect(await bits(two)).toBe(await bits(one));
  });

  it.each(Object.keys(devices) as TestedDevice[])("of the %s device is resumed on others", async (from) => {
    const options = () => ({ optimizer: new SGD({ lr: 0.1, momentum: 0.9 }) });
    const first = openTrainer(smallNetwork(), { ...options(), device: devices[from]() });
    await first.fit(data, { steps: 4, batchSize: 8 });
    const saved = await first.save();
    for (const to of Object.values(devices)) {
      const second = openTrainer(smallNetwork({ seed: 9 }), { ...options(), device: to() });
      await second.resume(saved);
      expect(await second.save()).toEqual(saved);
    }
  });

  it("is a safetensors file with the model's state under PyTorch's names", async () => {
    const trainer = openTrainer(smallNetwork(), { optimizer: new SGD({ lr: 0.1, momentum: 0.9 }) });
    await trainer.step(randn([4, 6], { seed: 1 }), [0, 1, 2, 0]);
    const { tensors } = readSafetensors(await trainer.save());
    for (const [name, entry] of Object.entries(trainer.model.stateDict()))
      expect(tensors[`model.${name}`]).toMatchObject(entry);
    const ofOptimizer = Object.keys(tensors).filter((name) => name.startsWith("optimizer."));
    const parameters = trainer.model.namedParameters().map(([name]) => name);
    expect(ofOptimizer.sort()).toEqual(parameters.map((name) => `optimizer.velocity.${name}`).sort());
  });
});
