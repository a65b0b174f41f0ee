/**
 * Layers inside of each other, which share buffers by how long each is needed: the same bits as each in buffers of its own,
 * forward and backward.
 */
import {
  BatchNorm,
  Concat,
  Conv2d,
  Dropout,
  Flatten,
  type Layer,
  MaxPool2d,
  manualSeed,
  Random,
  ReLU,
  Residual,
  Sequential,
  Tanh,
  type Tensor,
  tensor,
} from "batchnorm";
import { plainLoss } from "batchnorm/extend";
import { describe, expect, it } from "vitest";
import { forwardApart } from "../support/apart.ts";
import { digest, normals } from "../support/data.ts";
import { expectSame, gaussianTensor } from "../support/layers.ts";
import { openTrainer } from "../support/training.ts";

const CHANNELS = 4;
const x = gaussianTensor(1, [2, 4, 3, CHANNELS]);

const conv = (from = CHANNELS, to = CHANNELS) => new Conv2d(from, to, 3, { padding: 1 });
const identity = () => new Sequential();
const row = (...layers: Layer[]) => new Sequential(...layers);

const cases: Record<string, () => Layer> = {
  "a shortcut around nothing": () => row(conv(), new Residual(identity()), conv()),
  "a shortcut around nothing, with a ReLU": () => row(conv(), new Residual(identity()), new ReLU(), conv()),
  "two ways that both are nothing": () => row(conv(), new Residual(identity(), identity()), conv()),
  "an identity as a way around": () => row(conv(), new Residual(row(conv(), new Tanh()), identity()), conv()),
  "an identity as the main way": () => row(conv(), new Residual(identity(), row(new Tanh(), conv())), conv()),
  "a shortcut in a shortcut": () => row(conv(), new Residual(new Residual(conv()), new Residual(conv())), new Tanh()),
  "shortcuts in the main way": () =>
    row(conv(), new Residual(row(new Residual(conv()), new ReLU(), new Residual(row(new Tanh(), conv())))), conv()),
  "an identity among branches": () => row(conv(), new Concat(conv(), identity(), new Tanh()), conv(12)),
  "branches that all are identities": () => row(conv(), new Concat(identity(), identity(), identity()), conv(12)),
  "one branch": () => row(conv(), new Concat(row(conv(), new Tanh())), conv()),
  "branches in branches": () =>
    row(conv(), new Concat(row(conv(), new Concat(new Tanh(), identity())), new Concat(conv(), identity())), conv(16)),
  "branches in both ways of a sum": () =>
    row(conv(), new Residual(new Concat(identity(), conv()), new Concat(conv(), identity())), new ReLU(), conv(8)),
  "Flatten last": () => row(conv(), new Residual(conv()), new Flatten()),
  "Flatten first": () => row(new Flatten(), new Tanh()),
  "Flatten in both ways of a sum": () =>
    row(conv(), new Residual(row(conv(), new Flatten()), new Flatten()), new Tanh()),
  "Flatten in branches": () =>
    row(conv(), new Concat(new Flatten(), row(new Tanh(), new Flatten()), row(new Flatten())), new Tanh()),
  "Flatten twice": () => row(conv(), row(new Flatten(), identity()), new Flatten(), new Tanh()),
  "Dropout on a shortcut and in a branch": () =>
    row(conv(), new Residual(conv(), new Dropout(0.5)), new Concat(new Dropout(0.3), conv()), new Dropout(0.2)),
  "nothing but a row in a row": () => row(row(row()), row(conv(), row(), row(new Tanh(), row())), row()),
  "a sum that is first": () => row(new Residual(identity(), conv()), new ReLU(), new Residual(identity()), conv()),
  "branches that are first": () => row(new Concat(identity(), conv(), identity()), new ReLU(), conv(12)),
};

/** Some layers that keep the size of the image, nested at random; and what channels come out. */
function draw(random: Random, channels: number, depth: number): [Layer, number] {
  const kind = random.integer(depth > 0 ? 10 : 6);
  if (kind === 0) return [new Tanh(), channels];
  if (kind === 1) return [new ReLU(), channels];
  if (kind === 2) return [new BatchNorm(channels), channels];
  if (kind === 3) return [new Dropout(0.25, { seed: random.integer(99) }), channels];
  if (kind === 4) return [new MaxPool2d(3, { stride: 1, padding: 1 }), channels];
  if (kind === 5) {
    const to = 1 + random.integer(6);
    return [conv(channels, to), to];
  }
  if (kind < 8) return drawRow(random, channels, depth, 5);
  if (kind === 8) {
    const branches = Array.from({ length: 1 + random.integer(3) }, () => drawRow(random, channels, depth - 1, 3));
    return [new Concat(...branches.map(([layer]) => layer)), branches.reduce((sum, [, to]) => sum + to, 0)];
  }
  const [main, to] = drawRow(random, channels, depth - 1, 3);
  const [other, from] = drawRow(random, channels, depth - 1, 2);
  if (random.integer(2)) return [new Residual(main, fitted(other, from, to)), to];
  return [new Residual(fitted(main, to, channels)), channels];
}

function drawRow(random: Random, channels: number, depth: number, most: number): [Sequential, number] {
  const layers: Layer[] = [];
  let to = channels;
  for (let i = random.integer(most + 1); i > 0; i--) {
    const [layer, after] = draw(random, to, depth - 1);
    layers.push(layer);
    to = after;
  }
  return [new Sequential(...layers), to];
}

const fitted = (layer: Layer, from: number, to: number) =>
  from === to ? layer : new Sequential(layer, new Conv2d(from, to, 1));

function drawModel(seed: number): Sequential {
  const random = new Random(seed);
  const [layer, channels] = drawRow(random, CHANNELS, 4, 6);
  return row(layer, new Conv2d(channels, 2, 1), ...(random.integer(2) ? [new Flatten()] : []));
}

for (let seed = 0; seed < 40; seed++) cases[`layers drawn with seed ${seed}`] = () => drawModel(seed);

/** The masks that Dropout draws start over. */
function rewind(model: Layer): void {
  for (const { random } of model.modules()) if (random) random.state = new Random(7).state;
}

const gradients = (model: Layer) => model.namedParameters().map(([name, { grad }]) => `${name} ${digest(grad!.data)}`);

/** The targets as the gradient of whatever comes out. */
const given = plainLoss({
  name: "given",
  compute({ targets, gradient }) {
    gradient.set(targets);
    return 0;
  },
});

describe.each(Object.entries(cases))("%s", (_, make) => {
  manualSeed(3);
  const model = make();
  const withParameters = () => row(new Conv2d(CHANNELS, CHANNELS, 1), model);

  /** Result, gradient of the input, and of every parameter. */
  function apart(layer: Layer): { y: Tensor; dx: Tensor; dy: Tensor; grads: string[] } {
    rewind(layer);
    layer.train().zeroGrad();
    const pass = forwardApart(layer, x);
    const dy = tensor(normals(2, pass.y.size), pass.y.shape);
    const dx = pass.backward(dy);
    return { y: pass.y, dx, dy, grads: gradients(layer) };
  }

  it("gives the same result and gradients in one plan", () => {
    const want = apart(model);
    rewind(model);
    model.zeroGrad();
    const y = model.forward(x);
    expect(y.shape).toEqual(want.y.shape);
    expectSame(y.data, want.y.data);
    expectSame(model.backward(want.dy).data, want.dx.data);
    expect(gradients(model)).toEqual(want.grads);
  });

  it("gives the same gradients in a trainer, where the input has none", async () => {
    for (const trained of [model, withParameters()].filter((layer) => layer.parameters().length)) {
      const want = apart(trained);
      rewind(trained);
      const trainer = openTrainer(trained, { loss: given });
      await trainer.step(x, want.dy.data);
      expect(gradients(trained)).toEqual(want.grads);
      await trainer.close();
    }
  });

  it("gives the same result without gradients", async () => {
    const evaluated = withParameters();
    const trainer = openTrainer(evaluated);
    const y = await trainer.predict(x);
    expectSame((await trainer.predict(x)).data, y.data);
    await trainer.close();
    expectSame(y.data, forwardApart(evaluated.eval(), x).y.data);
  });
});
