/** Layers made of others: names from fields, any graph without circles, gradients of all of it. */
import {
  add,
  BatchNorm,
  Conv2d,
  concat,
  Dropout,
  GlobalAveragePool,
  Identity,
  Inference,
  type Layer,
  Linear,
  Module,
  manualSeed,
  Parameter,
  Random,
  ReLU,
  Sigmoid,
  Tanh,
  tensor,
  type Value,
} from "batchnorm";
import { Operation, plainLoss, type Site, StateTensor } from "batchnorm/extend";
import { describe, expect, it } from "vitest";
import { forwardApart } from "../support/apart.ts";
import { digest, normals } from "../support/data.ts";
import { onEveryDevice } from "../support/devices.ts";
import { gradientError } from "../support/gradients.ts";
import { expectSame, gaussianTensor, snapshot } from "../support/layers.ts";
import { made } from "../support/made.ts";
import { rejects } from "../support/refusal.ts";
import { asTrained } from "../support/trained.ts";
import { openTrainer } from "../support/training.ts";

/** As the documentation of Module has it. */
class Block extends Module {
  readonly conv1 = new Conv2d(16, 16, 3, { padding: 1, bias: false });
  readonly bn1 = new BatchNorm(16);
  readonly relu = new ReLU();

  override compose(x: Value): Value {
    return this.relu.of(add(this.bn1.of(this.conv1.of(x)), x));
  }
}

class Network extends Module {
  readonly title = "not a layer";
  readonly stem = new Conv2d(3, 16, 3);
  readonly blocks: readonly (Layer | null)[] = [new Block(), null, new Block()];
  readonly pool = new GlobalAveragePool();
  readonly head: Linear | null = new Linear(16, 4);

  override compose(x: Value): Value {
    const features = this.blocks.reduce((value, block) => (block ? block.of(value) : value), this.stem.of(x));
    return this.head ? this.head.of(this.pool.of(features)) : features;
  }
}

onEveryDevice((run) => {
  it("a residual block gives what its layers give one after another", async () => {
    manualSeed(1);
    const block = asTrained(new Block());
    const { conv1, bn1, relu } = block;
    const [x, dy] = [gaussianTensor(1, [2, 5, 4, 16]), gaussianTensor(2, [2, 5, 4, 16])];
    const y = await run.forward(block, x);
    const dx = await run.backward(block, dy);
    const gradients = block.parameters().map(({ grad }) => grad!.data.slice());
    const after = snapshot(block);
    asTrained(block).zeroGrad();
    bn1.loadStateDict({ ...bn1.stateDict(), num_batches_tracked: { shape: [], data: [0] } });
    const sum = (await run.forward(bn1, await run.forward(conv1, x))).data.map((v, i) => v + x.data[i]);
    expectSame(y.data, (await run.forward(relu, tensor(sum, x.shape))).data);
    const passed = await run.backward(relu, dy);
    const rest = await run.backward(conv1, await run.backward(bn1, passed));
    expectSame(
      dx.data,
      rest.data.map((v, i) => v + passed.data[i]),
    );
    for (const [i, { grad }] of block.parameters().entries()) expectSame(grad!.data, gradients[i]);
    expect(snapshot(block)).toBe(after);
  });

  it("gives its input as it is where compose does", async () => {
    const layer = made({}, (x) => x);
    const [x, dy] = [gaussianTensor(1, [3, 4]), gaussianTensor(2, [3, 4])];
    expectSame((await run.forward(layer, x)).data, x.data);
    expectSame((await run.backward(layer, dy)).data, dy.data);
    const inference = new Inference(layer, { device: run.device });
    for (let i = 0; i < 2; i++) expectSame((await inference.predict(x)).data, x.data);
  });

  it("x + x has twice the gradient, and x beside x their sum", async () => {
    const [x, dy] = [gaussianTensor(1, [3, 4]), gaussianTensor(2, [3, 4])];
    const twice = made({}, (x) => add(x, x));
    expectSame(
      (await run.forward(twice, x)).data,
      x.data.map((v) => 2 * v),
    );
    expectSame(
      (await run.backward(twice, dy)).data,
      dy.data.map((v) => 2 * v),
    );
    const beside = made({}, (x) => concat(x, x));
    const y = await run.forward(beside, x);
    expect(y.shape).toEqual([3, 8]);
    y.data.forEach((v, i) => {
      expect(v).toBe(x.data[4 * (i >> 3) + (i % 4)]);
    });
    const wide = gaussianTensor(3, [3, 8]);
    const both = (i: number) => wide.data[8 * (i >> 2) + (i % 4)] + wide.data[8 * (i >> 2) + 4 + (i % 4)];
    expectSame(
      (await run.backward(beside, wide)).data,
      x.data.map((_, i) => both(i)),
    );
  });
});

describe("names", () => {
  const bn = ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"];
  const block = (i: number) => [`blocks.${i}.conv1.weight`, ...bn.map((name) => `blocks.${i}.bn1.${name}`)];

  it("of the state dict are those of the fields, and the places in arrays, in the order of declaration", () => {
    const names = ["stem.weight", "stem.bias", ...block(0), ...block(2), "head.weight", "head.bias"];
    expect(Object.keys(new Network().stateDict())).toEqual(names);
    expect(new Network().namedParameters().map(([name]) => name)).toEqual(names.filter((name) => !/_/.test(name)));
  });

  it("of layers are their paths, the model's being empty", () => {
    const network = new Network();
    const names = ["", "stem", "blocks.0", "blocks.0.conv1", "blocks.0.bn1", "blocks.0.relu"];
    expect(network.namedModules().slice(0, 6)).toEqual(
      names.map((name) => [
        name,
        name.split(".").reduce<unknown>((at, part) => (part ? at?.[part as never] : at), network),
      ]),
    );
  });

  it("carry a state dict from one model to another", () => {
    const [from, to] = [asTrained(new Network()), new Network()];
    to.loadStateDict(from.stateDict());
    const x = gaussianTensor(1, [2, 6, 6, 3]);
    expectSame(to.eval().forward(x).data, from.eval().forward(x).data);
  });

  it("of parameters and state of an operation of one's own are those of its fields", () => {
    class Shift extends Operation {
      readonly offset = new Parameter(Float32Array.of(1, 2), [2]);
      readonly seen = new StateTensor(new Float32Array(2), [2]);
      readonly absent: Parameter | null = null;

      override infer(shape: readonly number[]): readonly number[] {
        return shape;
      }

      override bind(site: Site): void {
        site.alias(0);
      }
    }
    const model = made({ shift: new Shift() }, (x, { shift }) => shift.of(x));
    expect(Object.keys(model.stateDict())).toEqual(["shift.offset", "shift.seen"]);
    model.loadStateDict({ "shift.offset": { shape: [2], data: [3, 4] }, "shift.seen": { shape: [2], data: [5, 6] } });
    expect([...(model as unknown as { shift: Shift }).shift.seen.data]).toEqual([5, 6]);
    expect(model.parameters()).toHaveLength(1);
  });
});

describe("a layer that is put in another's place", () => {
  const x = gaussianTensor(1, [5, 4]);
  const model = () =>
    made({ body: new Linear(4, 4), act: new Tanh() as Layer, head: new Linear(4, 3) }, (x, { body, act, head }) =>
      head.of(act.of(body.of(x))),
    );

  it("is used from the next call on", () => {
    const own = model();
    own.forward(x);
    own.head = new Linear(4, 3);
    expectSame(own.forward(x).data, own.head.forward(own.act.forward(own.body.forward(x))).data);
    own.backward(gaussianTensor(2, [5, 3]));
    expect(own.head.weight.grad).not.toBeNull();
    own.head = new Linear(4, 7);
    expect(own.forward(x).shape).toEqual([5, 7]);
  });

  it("and so is a parameter", () => {
    const own = model();
    own.forward(x);
    const other = new Linear(4, 3);
    Object.assign(own.head, { weight: other.weight });
    other.bias!.data.set(own.head.bias!.data);
    expectSame(own.forward(x).data, other.forward(own.act.forward(own.body.forward(x))).data);
  });

  it("is taken by a trainer where it has nothing to train, and refused where it has", async () => {
    const own = model();
    const trainer = openTrainer(own);
    const labels = [0, 1, 2, 0, 1];
    await trainer.step(x, labels);
    own.act = new Sigmoid();
    expectSame((await trainer.predict(x)).data, own.forward(x).data);
    const old = own.head;
    own.head = new Linear(4, 3);
    const words = ["[Trainer head] expected the layers that the trainer was made with, got another", "make a new one"];
    await rejects(() => trainer.step(x, labels), "E_STATE", ...words);
    await rejects(() => trainer.predict(x), "E_STATE", ...words);
    own.head = old;
    await trainer.step(x, labels);
    own.body = Object.assign(new Linear(4, 4), { weight: own.body.weight, bias: own.body.bias });
    await trainer.step(x, labels);
  });
});

it("modes reach every layer within", () => {
  const network = new Network().eval();
  expect([...network.modules()].map(({ training }) => training)).toEqual(new Array(12).fill(false));
  expect([...network.train().modules()].every(({ training }) => training)).toBe(true);
});

const W = 4;
const linear = (from = W, to = W) => new Linear(from, to);

/** Takes two values. */
class Merge extends Module {
  readonly left = linear();
  readonly right = linear();

  override compose(a: Value, b: Value): Value {
    return add(this.left.of(a), this.right.of(b));
  }
}

const graphs: Record<string, () => Module> = {
  "a value that three read": () =>
    made({ a: linear(), b: linear(), tanh: new Tanh() }, (x, { a, b, tanh }) => {
      const y = a.of(x);
      return add(add(tanh.of(y), b.of(y)), y);
    }),
  "an input that three read": () => made({ a: linear(), b: linear() }, (x, { a, b }) => add(add(a.of(x), b.of(x)), x)),
  "x + x": () => made({ a: linear() }, (x, { a }) => a.of(add(x, x))),
  "a sum of a value with itself as the output": () =>
    made({ a: linear() }, (x, { a }) => {
      const y = a.of(x);
      return add(y, y);
    }),
  "a value side by side with itself": () =>
    made({ a: linear(), b: linear(3 * W, 2) }, (x, { a, b }) => {
      const y = a.of(x);
      return b.of(concat(y, x, y));
    }),
  "an output that others read, to no end": () =>
    made({ a: linear(), b: linear(), sigmoid: new Sigmoid() }, (x, { a, b, sigmoid }) => {
      const y = a.of(x);
      b.of(y);
      sigmoid.of(y);
      return y;
    }),
  "an output that is read on the way": () =>
    made({ a: linear(), tanh: new Tanh(), relu: new ReLU() }, (x, { a, tanh, relu }) => {
      const y = tanh.of(a.of(x));
      relu.of(add(y, x));
      return y;
    }),
  "a diamond": () =>
    made({ top: linear(), left: linear(), right: linear(), tanh: new Tanh() }, (x, { top, left, right, tanh }) => {
      const y = top.of(x);
      return add(tanh.of(left.of(y)), right.of(y));
    }),
  "a diamond of diamonds": () => {
    const diamond = () => made({ a: linear(), b: new Tanh() }, (x, { a, b }) => add(a.of(x), b.of(x)));
    return made(
      { top: diamond(), left: diamond(), right: diamond(), last: linear(2 * W, W) },
      (x, { top, left, right, last }) => {
        const y = top.of(x);
        return add(last.of(concat(left.of(y), right.of(y))), x);
      },
    );
  },
  "a module of two values": () =>
    made({ a: new Tanh(), merge: new Merge() }, (x, { a, merge }) => merge.of(merge.of(a.of(x), x), x)),
  "an Identity on the way, read twice": () =>
    made({ a: linear(), id: new Identity(), tanh: new Tanh() }, (x, { a, id, tanh }) => {
      const y = id.of(a.of(x));
      return add(tanh.of(y), id.of(y));
    }),
  "a batch norm that two read": () =>
    made({ bn: new BatchNorm(W), a: linear(), b: linear() }, (x, { bn, a, b }) => {
      const y = bn.of(x);
      return add(a.of(y), add(b.of(y), y));
    }),
};

/** Operations drawn at random over values drawn at random, some of them again and again, some to no end. */
function drawn(seed: number): Module {
  const random = new Random(seed);
  const pool: Record<string, Layer> = {
    linear: linear(),
    other: linear(),
    narrow: linear(2 * W, W),
    bn: new BatchNorm(W),
    cumulative: new BatchNorm(W, { momentum: null }),
    tanh: new Tanh(),
    relu: new ReLU(),
    dropout: new Dropout(0.3),
    id: new Identity(),
  };
  const names = Object.keys(pool);
  const steps = Array.from({ length: 3 + random.integer(14) }, (_, i) => ({
    kind: random.integer(4),
    layer: names[random.integer(names.length)],
    a: random.integer(i + 1),
    // Rather what was made last.
    b: Math.max(random.integer(i + 1), random.integer(i + 1)),
  }));
  return made(pool, (x, layers) => {
    const values = [x];
    for (const { kind, layer, a, b } of steps) {
      if (kind === 0) values.push(add(values[a], values[b]));
      else if (layer === "narrow") values.push(layers.narrow.of(concat(values[a], values[b])));
      else values.push(layers[layer].of(values[b]));
    }
    return values[values.length - 1];
  });
}

/** The masks that Dropout draws start over. */
function rewind(model: Layer): void {
  for (const { random } of model.modules()) if (random) random.state = new Random(7).state;
}

describe.each(Object.entries(graphs))("%s", (_, make) => {
  it("has the gradients that central differences give", async () => {
    manualSeed(2);
    for (const [name, error] of Object.entries(await gradientError(make(), [5, W]))) {
      expect(error, name).toBeLessThan(1e-3);
    }
  });
});

const everyGraph = Object.entries(graphs);
for (let seed = 1; seed <= 60; seed++) everyGraph.push([`a graph drawn with seed ${seed}`, () => drawn(seed)]);

/** Of every parameter; 0 where it has no say in the result. */
const gradientsOf = (model: Layer) =>
  model.namedParameters().map(([name, { grad, size }]) => `${name} ${digest(grad?.data ?? new Float32Array(size))}`);

const runningOf = (model: Layer) =>
  Object.entries(model.stateDict())
    .filter(([name]) => /running|batches/.test(name))
    .map(([name, { data }]) => `${name} ${digest(data)}`);

/** The targets as the gradient of whatever comes out. */
const given = plainLoss({
  name: "given",
  compute({ targets, gradient }) {
    gradient.set(targets);
    return 0;
  },
});

describe.each(everyGraph)("%s", (_, make) => {
  const x = gaussianTensor(3, [6, W]);
  const start = () => {
    manualSeed(4);
    const model = make();
    rewind(model);
    return model;
  };
  const apart = start();
  const pass = forwardApart(apart, x);
  const dy = tensor(normals(5, pass.y.size), pass.y.shape);
  const dx = pass.backward(dy);

  it("gives in one plan what its operations give in buffers of their own", () => {
    const model = start();
    expectSame(model.forward(x).data, pass.y.data);
    expectSame(model.backward(dy).data, dx.data);
    expect(gradientsOf(model)).toEqual(gradientsOf(apart));
    expect(runningOf(model)).toEqual(runningOf(apart));
  });

  it("and in a trainer, where the input has no gradient", async () => {
    const model = start();
    const trainer = openTrainer(model, { loss: given });
    await trainer.step(x, dy.data);
    expect(gradientsOf(model)).toEqual(gradientsOf(apart));
    expect(runningOf(model)).toEqual(runningOf(apart));
  });
});
