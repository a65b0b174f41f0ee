/** Calls that are made before the one before them was waited for: each gives what it gives alone, in the order of the calls. */
import { randn, SGD, tensor } from "batchnorm";
import { describe, expect, it } from "vitest";
import { normals } from "../support/data.ts";
import { onEveryDevice } from "../support/devices.ts";
import { expectNear } from "../support/layers.ts";
import { openTrainer, smallDataset, smallNetwork, trainedBits } from "../support/training.ts";

const batches = [1, 2, 3].map((seed) => randn([12, 6], { seed }));
const labels = Array.from({ length: 12 }, (_, i) => i % 3);
const sets = [1, 2, 3].map((seed) => smallDataset({ count: 40, seed }));

onEveryDevice(({ device }) => {
  const open = () => openTrainer(smallNetwork(), { device, optimizer: new SGD({ lr: 0.1, momentum: 0.9 }) });

  it("steps each give their own loss", async () => {
    const [together, alone] = [open(), open()];
    const given = await Promise.all(batches.map((x) => together.step(x, labels)));
    const want = [];
    for (const x of batches) want.push(await alone.step(x, labels));
    expect(given).toEqual(want);
    expect(new Set(given.map(({ loss }) => loss)).size).toBe(3);
    expect(await trainedBits(together)).toBe(await trainedBits(alone));
  });

  it("steps do with somebody watching, too", async () => {
    const [together, alone] = [open(), open()];
    const seen: [Float32Array[], Float32Array[]] = [[], []];
    for (const [i, trainer] of [together, alone].entries()) {
      for (const layer of trainer.model.modules())
        trainer.watch(layer, ({ input }) => seen[i].push(input.data.slice()));
    }
    const given = await Promise.all(batches.map((x) => together.step(x, labels)));
    for (const [i, x] of batches.entries()) expect(await alone.step(x, labels)).toEqual(given[i]);
    expect(seen[0]).toEqual(seen[1]);
  });

  it("predictions each give their own results", async () => {
    const trainer = open();
    await trainer.step(batches[0], labels);
    const given = await Promise.all([...batches, ...sets].map((x) => trainer.predict(x as (typeof batches)[0])));
    for (const [i, x] of [...batches, ...sets].entries()) {
      expect((await trainer.predict(x as (typeof batches)[0])).data).toEqual(given[i].data);
    }
  });

  it("a long prediction is of the model as it was when it was asked for; a step waits for it, and so does closing", async () => {
    const trainer = open();
    const data = smallDataset({ count: 8000 });
    const want = await trainer.predict(data);
    const given = trainer.predict(data, { batchSize: 1 });
    const step = trainer.step(batches[0], labels);
    const closed = trainer.close();
    expectNear((await given).data, want.data, 1e-6);
    expect((await step).loss).toBeGreaterThan(0);
    await closed;
  });

  it("evaluations each give their own means", async () => {
    const trainer = open();
    await trainer.step(batches[0], labels);
    // 40 examples: 12, 12, 12 and 4.
    const given = await Promise.all(sets.map((data) => trainer.evaluate(data, { batchSize: 12 })));
    for (const [i, data] of sets.entries()) expect(await trainer.evaluate(data, { batchSize: 12 })).toEqual(given[i]);
    expect(new Set(given.map(({ loss }) => loss)).size).toBe(3);
  });

  it("evaluations do beside predictions of as many examples", async () => {
    const trainer = open();
    const want = await trainer.evaluate(sets[0], { batchSize: 12 });
    const [given] = await Promise.all([
      trainer.evaluate(sets[0], { batchSize: 12 }),
      ...batches.map((x) => trainer.predict(x)),
      trainer.predict(sets[1], { batchSize: 12 }),
    ]);
    expect(given).toEqual(want);
  });

  it("each sees the model as the calls before it have left it", async () => {
    const [together, alone] = [open(), open()];
    const [a, b] = batches;
    const [, first, , second] = await Promise.all([
      together.step(a, labels),
      together.predict(b),
      together.step(b, labels),
      together.predict(b),
    ]);
    await alone.step(a, labels);
    expect(first.data).toEqual((await alone.predict(b)).data);
    await alone.step(b, labels);
    expect(second.data).toEqual((await alone.predict(b)).data);
  });

  describe("a checkpoint", () => {
    it("is of the moment when it was asked for", async () => {
      const [together, alone] = [open(), open()];
      const [, saved] = await Promise.all([
        together.step(batches[0], labels),
        together.save(),
        together.step(batches[1], labels),
      ]);
      await alone.step(batches[0], labels);
      expect(saved).toEqual(await alone.save());
    });

    it("is resumed before the steps that come after it", async () => {
      const [together, alone] = [open(), open()];
      await alone.step(batches[0], labels);
      const saved = await alone.save();
      await Promise.all([together.resume(saved), together.step(batches[1], labels)]);
      await alone.step(batches[1], labels);
      expect(await together.save()).toEqual(await alone.save());
    });
  });

  it("parameters are read back as they are after all calls before it", async () => {
    const [together, alone] = [open(), open()];
    const [, , bits] = await Promise.all([
      together.step(batches[0], labels),
      together.step(batches[1], labels),
      trainedBits(together),
    ]);
    for (const x of batches.slice(0, 2)) await alone.step(x, labels);
    expect(bits).toBe(await trainedBits(alone));
  });

  it("fit goes on while others ask", async () => {
    const [together, alone] = [open(), open()];
    const options = { steps: 12, batchSize: 8, every: 6 };
    const fitted = together.fit(sets[0], options);
    for (let i = 0; i < 5; i++) {
      await together.predict(tensor(normals(i, 48), [8, 6]));
      await together.evaluate(sets[1], { batchSize: 8 });
    }
    expect(await fitted).toEqual(await alone.fit(sets[0], options));
    expect(await trainedBits(together)).toBe(await trainedBits(alone));
  });

  it("close comes after what was asked for before it", async () => {
    const [together, alone] = [open(), open()];
    await Promise.all([together.step(batches[0], labels), together.close()]);
    await alone.step(batches[0], labels);
    await alone.close();
    expect(together.model.stateDict()).toEqual(alone.model.stateDict());
  });
});

describe("on the CPU", () => {
  it("the work of a call is done when it returns", async () => {
    const [trainer, other] = [openTrainer(smallNetwork()), openTrainer(smallNetwork())];
    const saved = await other.fit(sets[0], { steps: 7, batchSize: 8 }).then(() => other.save());
    const weight = trainer.model.parameters()[0];
    const first = weight.data.slice();
    const step = trainer.step(batches[0], labels);
    expect(trainer.stepCount).toBe(1);
    expect(weight.data).not.toEqual(first);
    const resumed = trainer.resume(saved);
    expect(trainer.stepCount).toBe(7);
    expect(weight.data).toEqual(other.model.parameters()[0].data);
    const closed = trainer.close();
    expect(weight.resident.home).toBeNull();
    expect(weight.data).toEqual(other.model.parameters()[0].data);
    await Promise.all([step, resumed, closed]);
  });
});
