/** A layer in several places of a model: one set of weights, whose gradients add up. */
import {
  BatchNorm,
  Conv2d,
  Dropout,
  estimatePopulation,
  fold,
  type Layer,
  Linear,
  manualSeed,
  ReLU,
  recalibrate,
  Sequential,
  SGD,
  Tanh,
  tensor,
} from "batchnorm";
import { describe, expect, it } from "vitest";
import { forwardApart } from "../support/apart.ts";
import { normals } from "../support/data.ts";
import { onEveryDevice } from "../support/devices.ts";
import { gradientError } from "../support/gradients.ts";
import { expectNear, expectSame, gaussianTensor, setAffine, snapshot } from "../support/layers.ts";
import { made } from "../support/made.ts";
import { asTrained } from "../support/trained.ts";
import { openTrainer, stateBits } from "../support/training.ts";

const W = 4;
const twice = (layer: Layer) => new Sequential(layer, new Tanh(), layer);
const thrice = (layer: Layer) => new Sequential(layer, new Tanh(), layer, new Tanh(), layer);

const cases: [string, () => Layer, number[]][] = [
  ["a Linear twice", () => twice(new Linear(W, W)), [5, W]],
  ["a Linear three times", () => thrice(new Linear(W, W)), [5, W]],
  ["a convolution twice", () => twice(new Conv2d(3, 3, 3, { padding: 1 })), [2, 4, 3, 3]],
  ["Winograd's twice", () => twice(new Conv2d(16, 16, 3, { padding: 1 })), [1, 5, 4, 16]],
  ["a batch norm twice", () => twice(new BatchNorm(W)), [6, W]],
  ["a batch norm over another axis twice", () => twice(new BatchNorm(W, { axis: 1 })), [3, W, 3]],
  ["a ghost batch norm twice", () => twice(new BatchNorm(W, { virtualBatchSize: 3 })), [6, W]],
  ["a block twice", () => twice(new Sequential(new Linear(W, W, { bias: false }), new BatchNorm(W))), [6, W]],
];

describe.each(cases)("%s", (_, make, shape) => {
  it("has the gradients that central differences give", async () => {
    manualSeed(5);
    const model = make();
    for (const layer of model.modules()) if (layer instanceof BatchNorm) setAffine(layer);
    for (const [name, error] of Object.entries(await gradientError(model, shape))) {
      expect(error, name).toBeLessThan(1e-3);
    }
  });

  it("gives the bits of each use by itself, one after another", () => {
    const x = gaussianTensor(1, shape);
    const [model, apart] = [1, 2].map(() => {
      manualSeed(6);
      return make();
    });
    const pass = forwardApart(apart, x);
    const dy = tensor(normals(2, pass.y.size), pass.y.shape);
    expectSame(model.forward(x).data, pass.y.data);
    expectSame(model.backward(dy).data, pass.backward(dy).data);
    for (const [i, { grad }] of apart.parameters().entries()) {
      expectSame(model.parameters()[i].grad!.data, grad!.data);
    }
    expect(snapshot(model)).toBe(snapshot(apart));
  });
});

onEveryDevice((run) => {
  it.each([0.1, null])("a batch norm updates its statistics at each use, momentum %s", async (momentum) => {
    const shared = new BatchNorm(W, { momentum });
    const x = gaussianTensor(1, [9, W], 2, 3);
    await run.forward(twice(shared), x);
    const one = new BatchNorm(W, { momentum });
    const middle = await run.forward(new Tanh(), await run.forward(one, x));
    await run.forward(one, middle);
    expect(shared.numBatchesTracked).toBe(2);
    expect(snapshot(shared)).toBe(snapshot(one));
  });

  it("gradients of all uses are those of copies, added up", async () => {
    const shared = new Linear(W, W);
    const copies = [new Linear(W, W), new Linear(W, W)];
    for (const copy of copies) copy.loadStateDict(shared.stateDict());
    const [x, dy] = [gaussianTensor(1, [7, W]), gaussianTensor(2, [7, W])];
    const [model, apart] = [twice(shared), new Sequential(copies[0], new Tanh(), copies[1])];
    expectSame((await run.forward(model, x)).data, (await run.forward(apart, x)).data);
    expectSame((await run.backward(model, dy)).data, (await run.backward(apart, dy)).data);
    for (const name of ["weight", "bias"] as const) {
      const [a, b] = copies.map((copy) => copy[name]!.grad!.data);
      expectSame(
        shared[name]!.grad!.data,
        b.map((v, i) => v + a[i]),
      );
    }
  });

  it("trains as one: steps are those on the sum of the gradients", async () => {
    const shared = new Linear(W, W);
    const weight = Float64Array.from(shared.weight.data);
    const trainer = openTrainer(twice(shared), { device: run.device, optimizer: new SGD({ lr: 0.25 }) });
    for (let i = 0; i < 3; i++) {
      await trainer.step(gaussianTensor(i, [8, W]), [0, 1, 2, 3, 0, 1, 2, 3]);
      await trainer.synchronize();
      for (const [j, g] of shared.weight.grad!.data.entries()) weight[j] -= 0.25 * g;
    }
    expectNear(shared.weight.data, weight, 1e-6);
    await trainer.close();
  });
});

it("a Dropout draws anew at each use", () => {
  const dropout = new Dropout(0.5, { seed: 3 });
  const x = tensor(new Float32Array(400).fill(1), [20, 20]);
  const { data } = new Sequential(dropout, dropout).forward(x);
  // Kept twice: a quarter of them, not half.
  expect(new Set(data)).toEqual(new Set([0, 4]));
  expect(data.filter((v) => v === 4).length).toBeLessThan(140);
});

describe("in two fields", () => {
  const model = () => {
    const linear = new Linear(W, W);
    return made({ a: linear, b: linear, bn: new BatchNorm(W) }, (x, { a, b, bn }) => bn.of(b.of(a.of(x))));
  };

  it("has both names in the state dict, and is one parameter for all else", () => {
    const names = ["a.weight", "a.bias", "b.weight", "b.bias"];
    const shared = model();
    expect(Object.keys(shared.stateDict()).filter((name) => !name.startsWith("bn"))).toEqual(names);
    expect(shared.namedParameters().map(([name]) => name)).toEqual(["a.weight", "a.bias", "bn.weight", "bn.bias"]);
    const other = model();
    other.loadStateDict(shared.stateDict());
    expect(stateBits(other)).toBe(stateBits(shared));
  });

  it("is folded into by nobody, and the rest as ever", () => {
    const shared = asTrained(model()).eval();
    const x = gaussianTensor(1, [6, W]);
    expectNear(fold(shared).forward(x).data, shared.forward(x).data, 2e-6);
    const norm = asTrained(twice(new BatchNorm(W))).eval();
    expectNear(fold(norm).forward(x).data, norm.forward(x).data, 2e-6);
    const before = asTrained(new Sequential(new Linear(W, W), norm)).eval();
    expectNear(fold(before).forward(x).data, before.forward(x).data, 2e-6);
  });
});

describe("a batch norm twice", () => {
  const x = gaussianTensor(1, [12, W], 1, 2);

  it("gets population and recalibrated statistics of all that goes into it", () => {
    for (const estimate of [estimatePopulation, recalibrate]) {
      const shared = new BatchNorm(W, { runningVariance: "biased" });
      estimate(twice(shared), [x]);
      const inputs: Float32Array[] = [x.data];
      const plain = new BatchNorm(W, { trackRunningStats: false });
      inputs.push(new Sequential(plain, new Tanh()).forward(x).data);
      for (let c = 0; c < W; c++) {
        const means = inputs.map((data) => data.filter((_, i) => i % W === c).reduce((sum, v) => sum + v / 12, 0));
        expect(shared.runningMean!.data[c]).toBeCloseTo((means[0] + means[1]) / 2, 5);
      }
    }
  });

  it("takes a ReLU along at each use", () => {
    const [shared, relu] = [new BatchNorm(W), new ReLU()];
    const model = new Sequential(shared, relu, shared, relu);
    const one = new BatchNorm(W);
    const [first, second] = [new Sequential(one, new ReLU()), new Sequential(one, new ReLU())];
    expectSame(model.forward(x).data, second.forward(first.forward(x)).data);
    expect(snapshot(shared)).toBe(snapshot(one));
  });
});

it("whoever watches it is told of each use, in their order", async () => {
  const shared = new Linear(W, W);
  const model = twice(shared);
  const trainer = openTrainer(model);
  const seen: Float32Array[] = [];
  trainer.watch(shared, ({ input }) => seen.push(input.data.slice()));
  const x = gaussianTensor(1, [6, W]);
  const middle = new Tanh().forward(shared.forward(x));
  await trainer.predict(x);
  expect(seen).toHaveLength(2);
  expectSame(seen[0], x.data);
  expectSame(seen[1], middle.data);
});
