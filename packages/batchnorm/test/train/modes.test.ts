/** Modes belong to the layers: a step does as each says, evaluation in eval mode whatever they say, and neither changes one. */
import { BatchNorm, Dropout, initialize, Linear, randn, Sequential, SGD, xavier } from "batchnorm";
import { expect, it } from "vitest";
import { onEveryDevice } from "../support/devices.ts";
import { expectSame } from "../support/layers.ts";
import { openTrainer, smallDataset, smallNetwork, trainedBits } from "../support/training.ts";

const batch = (seed: number) => randn([12, 6], { seed, mean: 1 });
const labels = Array.from({ length: 12 }, (_, i) => i % 3);

function network(dropout = 0) {
  const [first, second] = [new BatchNorm(8), new BatchNorm(8)];
  const layers = [
    new Linear(6, 8),
    first,
    new Linear(8, 8),
    second,
    new Dropout(dropout, { seed: 5 }),
    new Linear(8, 3),
  ];
  const model = new Sequential(...layers);
  initialize(model, xavier(), { seed: 1 });
  return { model, first, second };
}

const state = ({ runningMean, runningVar, numBatchesTracked }: BatchNorm) => ({
  mean: runningMean!.data.slice(),
  variance: runningVar!.data.slice(),
  batches: numBatchesTracked,
});

onEveryDevice(({ device }) => {
  it("a step leaves a batch norm alone that is in eval mode, and uses what it knows, as where it is frozen", async () => {
    const [one, other] = [network(), network()];
    const trainers = [one, other].map(({ model }) => openTrainer(model, { device, optimizer: new SGD({ lr: 0.1 }) }));
    const both = async (seed: number) => {
      const [a, b] = [await trainers[0].step(batch(seed), labels), await trainers[1].step(batch(seed), labels)];
      expect(a).toEqual(b);
      for (const trainer of trainers) await trainer.synchronize();
    };
    await both(1);
    one.first.eval();
    other.first.freeze();
    const before = [state(one.first), state(one.second)];
    expect(before.map(({ batches }) => batches)).toEqual([1, 1]);
    for (const seed of [2, 3]) await both(seed);
    expect(state(one.first)).toEqual(before[0]);
    expect(one.second.numBatchesTracked).toBe(3);
    expect(state(one.second).mean).not.toEqual(before[1].mean);
    expect(await trainedBits(trainers[0])).toBe(await trainedBits(trainers[1]));
    // Back again: it goes on counting.
    one.first.train();
    other.first.unfreeze();
    await both(4);
    expect(one.first.numBatchesTracked).toBe(2);
    expect(await trainedBits(trainers[0])).toBe(await trainedBits(trainers[1]));
  });

  it("a step of a model that is in eval mode is made with the running statistics and without dropout", async () => {
    const [one, other] = [network(0.5), network(0)];
    one.model.eval();
    other.first.freeze();
    other.second.freeze();
    const [a, b] = [one, other].map(({ model }) => openTrainer(model, { device }));
    for (const seed of [1, 2]) expect(await a.step(batch(seed), labels)).toEqual(await b.step(batch(seed), labels));
    await a.synchronize();
    expect(one.first.numBatchesTracked).toBe(0);
    expect(await trainedBits(a)).toBe(await trainedBits(b));
    // What draws has not drawn: the first masks come now.
    const fresh = network(0.5);
    fresh.model.loadStateDict(one.model.stateDict());
    one.model.train();
    expect(await a.step(batch(3), labels)).toEqual(await openTrainer(fresh.model, { device }).step(batch(3), labels));
  });

  it("fit does as the layers say, too", async () => {
    const { model, first, second } = network();
    const trainer = openTrainer(model, { device });
    first.eval();
    await trainer.fit(smallDataset(), { steps: 4, batchSize: 8 });
    await trainer.synchronize();
    expect([first.numBatchesTracked, second.numBatchesTracked]).toEqual([0, 4]);
    expect([first.training, second.training]).toEqual([false, true]);
  });

  it("evaluation and prediction are in eval mode whatever the layers say, and leave every mode as it was", async () => {
    const { model, first } = network(0.5);
    const trainer = openTrainer(model, { device });
    for (const seed of [1, 2, 3]) await trainer.step(batch(seed), labels);
    const modes = () => [...model.modules()].map(({ training }) => training);
    const results: Float32Array[] = [];
    const means: number[] = [];
    const settings = [() => model.train(), () => model.eval(), () => model.train() && first.eval()];
    for (const set of settings) {
      set();
      const before = modes();
      results.push((await trainer.predict(batch(4))).data, (await trainer.predict(smallDataset())).data);
      means.push((await trainer.evaluate(smallDataset())).loss);
      expect(modes()).toEqual(before);
    }
    for (const i of [2, 4]) {
      expectSame(results[i], results[0]);
      expectSame(results[i + 1], results[1]);
    }
    expect(new Set(means).size).toBe(1);
  });

  it("evaluation in between changes nothing of a run whose layers are in both modes", async () => {
    const run = async (evaluates: boolean) => {
      const model = smallNetwork();
      model.layers[1].eval();
      const trainer = openTrainer(model, { device });
      const options = { steps: 6, batchSize: 8, every: 2 };
      for await (const _ of trainer.iterate(smallDataset(), options)) {
        if (evaluates) await trainer.evaluate(smallDataset({ seed: 9 }), { batchSize: 8 });
      }
      return trainedBits(trainer);
    };
    expect(await run(true)).toBe(await run(false));
  });
});
