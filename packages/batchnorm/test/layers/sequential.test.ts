import { BatchNorm, Dropout, Linear, ReLU, randn, Sequential, Sigmoid, Tanh } from "batchnorm";
import { describe, expect, it } from "vitest";
import { largest } from "../support/data.ts";

const network = () =>
  new Sequential(
    new Linear(4, 5, { bias: false }),
    new BatchNorm(5),
    new Sigmoid(),
    new Sequential(new Linear(5, 3), new BatchNorm(3, { affine: false })),
  );

describe("Sequential", () => {
  it("names its state as PyTorch's nn.Sequential does, nested too", () => {
    expect(Object.keys(network().stateDict())).toEqual([
      "0.weight",
      "1.weight",
      "1.bias",
      "1.running_mean",
      "1.running_var",
      "1.num_batches_tracked",
      "3.0.weight",
      "3.0.bias",
      "3.1.running_mean",
      "3.1.running_var",
      "3.1.num_batches_tracked",
    ]);
    const names = network().namedParameters();
    expect(names.map(([name]) => name)).toEqual(["0.weight", "1.weight", "1.bias", "3.0.weight", "3.0.bias"]);
    expect(network().parameters()).toHaveLength(5);
  });

  it("calls its layers one after another, forward and backward", () => {
    const model = new Sequential(new Linear(4, 5), new Tanh(), new Linear(5, 3));
    const [a, b, c] = model.layers;
    const x = randn([6, 4], { seed: 1 });
    const dy = randn([6, 3], { seed: 2 });
    const y = model.forward(x);
    const dx = model.backward(dy);
    const gradients = model.parameters().map((p) => p.grad!.data.slice());
    model.zeroGrad();
    expect(c.forward(b.forward(a.forward(x)))).toEqual(y);
    expect(a.backward(b.backward(c.backward(dy)))).toEqual(dx);
    expect(model.parameters().map((p) => p.grad!.data)).toEqual(gradients);
  });

  it("sets the mode of all layers within", () => {
    const model = network();
    const [linear, norm, sigmoid, inner] = model.layers;
    const all = [model, linear, norm, sigmoid, inner, ...(inner as Sequential).layers];
    expect([...model.modules()]).toEqual(all);
    const modes = () => new Set(all.map((layer) => layer.training));
    expect(modes()).toEqual(new Set([true]));
    expect(model.eval()).toBe(model);
    expect(modes()).toEqual(new Set([false]));
    model.train();
    expect(modes()).toEqual(new Set([true]));
  });

  it("may have a layer without parameters in two places", () => {
    const relu = new ReLU();
    const model = new Sequential(new Linear(4, 5), relu, new Linear(5, 3), relu, new Dropout(0));
    const other = new Sequential(model.layers[0], new ReLU(), model.layers[2], new ReLU());
    const x = randn([6, 4], { seed: 1 });
    const dy = randn([6, 3], { seed: 2 });
    expect(model.forward(x).data).toEqual(other.forward(x).data);
    expect(model.backward(dy)).toEqual(other.backward(dy));
  });
});

describe("gradients", () => {
  it("add up over backward passes until zeroGrad", () => {
    const model = network();
    model.forward(randn([6, 4], { seed: 1 }));
    const dy = randn([6, 3], { seed: 2 });
    expect(model.parameters().every((p) => p.grad === null)).toBe(true);
    model.backward(dy);
    const once = model.parameters().map((p) => p.grad!.data.slice());
    expect(Math.min(...once.map(largest))).toBeGreaterThan(0);
    model.backward(dy);
    expect(model.parameters().map((p) => p.grad!.data)).toEqual(once.map((grad) => grad.map((v) => 2 * v)));
    model.zeroGrad();
    for (const p of model.parameters()) expect(largest(p.grad!.data)).toBe(0);
    model.backward(dy);
    expect(model.parameters().map((p) => p.grad!.data)).toEqual(once);
  });

  it("of a network are what central differences give", () => {
    const model = new Sequential(new Linear(3, 4), new Tanh(), new Linear(4, 4), new Sigmoid(), new Linear(4, 2));
    const x = randn([5, 3], { seed: 1 });
    const dy = randn([5, 2], { seed: 2 });
    const objective = () => model.forward(x).data.reduce((sum, y, i) => sum + y * dy.data[i], 0);
    model.forward(x);
    const dx = model.backward(dy);
    const pairs = [[x, dx] as const, ...model.parameters().map((p) => [p, p.grad!] as const)];
    const h = 2 ** -6;
    for (const [{ data }, { data: grad }] of pairs) {
      for (let i = 0; i < data.length; i++) {
        const value = data[i];
        data[i] = value + h;
        const above = objective();
        data[i] = value - h;
        const below = objective();
        data[i] = value;
        expect(Math.abs((above - below) / (2 * h) - grad[i])).toBeLessThan(1e-3);
      }
    }
  });
});
