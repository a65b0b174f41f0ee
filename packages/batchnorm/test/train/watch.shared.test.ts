/** What a watched layer is shown where layers use each other's memory: what a model cut off before it gives. */
import {
  BatchNorm,
  Concat,
  Conv2d,
  Dropout,
  Flatten,
  type Layer,
  Linear,
  MaxPool2d,
  ReLU,
  Residual,
  randn,
  Sequential,
  Tanh,
  type Tensor,
  type TrainerOptions,
} from "batchnorm";
import { resnet } from "batchnorm/models";
import { ReferenceDevice } from "batchnorm/reference";
import { describe, expect, it } from "vitest";
import { forwardApart } from "../support/apart.ts";
import { onEveryBuild, type TestedBuild } from "../support/builds.ts";
import { expectNear, expectSame } from "../support/layers.ts";
import { openTrainer } from "../support/training.ts";

const conv = (from: number, to: number, kernel = 3) => new Conv2d(from, to, kernel, { padding: (kernel - 1) / 2 });

function network(): Sequential {
  const block = (channels: number) =>
    new Residual(
      new Sequential(conv(channels, channels), new BatchNorm(channels), new ReLU(), conv(channels, channels)),
    );
  const towers = new Concat(
    new Sequential(conv(4, 3, 1), new BatchNorm(3), new ReLU()),
    new Sequential(),
    new Sequential(new MaxPool2d(3, { stride: 1, padding: 1 }), conv(4, 2, 1), new ReLU()),
  );
  return new Sequential(
    new Sequential(conv(3, 4), new BatchNorm(4), new ReLU()),
    block(4),
    new Tanh(),
    new Residual(block(4), new Sequential(new BatchNorm(4), new ReLU())),
    new BatchNorm(4),
    new ReLU(),
    towers,
    new Dropout(0.5, { seed: 1 }),
    conv(9, 3),
    new Sequential(new ReLU()),
    new BatchNorm(3),
    new Sequential(new Sequential(new ReLU()), new Flatten()),
    new Linear(60, 5),
  );
}

const batches = [1, 2].map((seed) => randn([4, 4, 5, 3], { seed }));
const labels = [0, 1, 2, 3];

/** A trainer, some steps on: running statistics are not the initial ones. */
async function trained(options: Partial<TrainerOptions>) {
  const model = network();
  const trainer = openTrainer(model, options);
  for (const x of batches) await trainer.step(x, labels);
  return { model, trainer };
}

/** What goes into each layer, each in memory of its own, by the layer's place in the model. */
function inputsOf(model: Layer, x: Tensor, build?: TestedBuild): Map<Layer, Tensor> {
  const inputs = new Map<Layer, Tensor>();
  forwardApart(model, x, { build, inputs });
  return inputs;
}

const names = [...network().modules()].map((layer, i) => [i, layer.constructor.name] as const);

onEveryBuild((build) => {
  describe("in evaluation", () => {
    it.each(names)("layer %i, a %s, is shown its input", async (i) => {
      const { model, trainer } = await trained({ build });
      const layer = [...model.modules()][i];
      const seen: { shape: readonly number[]; data: Float32Array }[] = [];
      trainer.watch(layer, ({ input: { shape, data } }) => seen.push({ shape, data: data.slice() }));
      const results: Float32Array[] = [];
      for (const x of batches) results.push((await trainer.predict(x)).data);
      await trainer.close();
      model.eval();
      for (const [at, x] of batches.entries()) {
        const want = inputsOf(model, x, build).get(layer)!;
        expect(seen[at].shape).toEqual(want.shape);
        expectSame(seen[at].data, want.data);
        expectSame(results[at], forwardApart(model, x, { build }).y.data);
      }
    });

    it("all layers at once are shown theirs, and the result is what it is without", async () => {
      const { model, trainer } = await trained({ build });
      const [x] = batches;
      const unwatched = (await trainer.predict(x)).data;
      const seen = new Map<Layer, Float32Array>();
      for (const layer of model.modules()) trainer.watch(layer, ({ input }) => seen.set(layer, input.data.slice()));
      expectSame((await trainer.predict(x)).data, unwatched);
      await trainer.close();
      const inputs = inputsOf(model.eval(), x, build);
      expect(seen.size).toBe(inputs.size);
      for (const [layer, { data }] of inputs) expectSame(seen.get(layer)!, data, layer.constructor.name);
    });
  });

  it("in training all layers are shown their inputs", async () => {
    const { model, trainer } = await trained({ build });
    const other = network();
    other.loadStateDict(model.stateDict());
    const dropouts = [model, other].map((each) => [...each.modules()].find((layer) => layer.random)!);
    dropouts[1].random!.state = dropouts[0].random!.state;
    const seen: Float32Array[] = [];
    for (const [i, layer] of [...model.modules()].entries()) {
      trainer.watch(layer, ({ input }) => {
        seen[i] = input.data.slice();
      });
    }
    await trainer.step(batches[0], labels);
    const inputs = inputsOf(other, batches[0], build);
    for (const [i, layer] of [...other.modules()].entries()) expectSame(seen[i], inputs.get(layer)!.data);
  });

  it("a Residual with a ReLU after it is shown its input in evaluation", async () => {
    const model = resnet({ depth: 8, width: 4 });
    const block = model.layer2.layers[0];
    const x = randn([2, 8, 8, 3], { seed: 1 });
    const trainer = openTrainer(model, { build });
    let seen = new Float32Array(0);
    trainer.watch(block, ({ input }) => {
      seen = input.data.slice();
    });
    await trainer.predict(x);
    await trainer.close();
    const inputs = inputsOf(model.eval(), x, build);
    expectSame(seen, inputs.get(block)!.data);
  });
});

it("on a device that JavaScript cannot see into all layers are shown their inputs, too", async () => {
  const { model, trainer } = await trained({ device: new ReferenceDevice() });
  const seen = new Map<Layer, Float32Array>();
  for (const layer of model.modules()) trainer.watch(layer, ({ input }) => seen.set(layer, input.data.slice()));
  const given = await trainer.predict(batches[0]);
  await trainer.close();
  const inputs = inputsOf(model.eval(), batches[0]);
  expect(seen.size).toBe(inputs.size);
  for (const [layer, { data }] of inputs) expectNear(seen.get(layer)!, data, 1e-5, layer.constructor.name);
  expectNear(given.data, forwardApart(model, batches[0]).y.data, 1e-5);
});
