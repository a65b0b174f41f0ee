import { BatchNorm, Dropout, Linear, ReLU, Residual, randn, Sequential, Sigmoid, Tanh } from "batchnorm";
import { describe, expect, it } from "vitest";
import { largest, largestDifference } from "../support/data.ts";
import { onEveryDevice } from "../support/devices.ts";
import { slopes, weighted } from "../support/gradients.ts";

const network = () =>
  new Sequential(
    new Linear(4, 5, { bias: false }),
    new BatchNorm(5),
    new Sigmoid(),
    new Sequential(new Linear(5, 3), new BatchNorm(3, { affine: false })),
  );

onEveryDevice((run) => {
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

    it("calls its layers one after another, forward and backward", async () => {
      const model = new Sequential(new Linear(4, 5), new Tanh(), new Linear(5, 3));
      const [a, b, c] = model.layers;
      const x = randn([6, 4], { seed: 1 });
      const dy = randn([6, 3], { seed: 2 });
      const y = await run.forward(model, x);
      const dx = await run.backward(model, dy);
      const gradients = model.parameters().map((p) => p.grad!.data.slice());
      model.zeroGrad();
      expect(await run.forward(c, await run.forward(b, await run.forward(a, x)))).toEqual(y);
      expect(await run.backward(a, await run.backward(b, await run.backward(c, dy)))).toEqual(dx);
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

    it("may have a layer without parameters in two places", async () => {
      const relu = new ReLU();
      const model = new Sequential(new Linear(4, 5), relu, new Linear(5, 3), relu, new Dropout(0));
      const other = new Sequential(model.layers[0], new ReLU(), model.layers[2], new ReLU());
      const x = randn([6, 4], { seed: 1 });
      const dy = randn([6, 3], { seed: 2 });
      expect((await run.forward(model, x)).data).toEqual((await run.forward(other, x)).data);
      expect(await run.backward(model, dy)).toEqual(await run.backward(other, dy));
    });
  });

  describe("gradients", () => {
    it("add up over backward passes until zeroGrad", async () => {
      const model = network();
      await run.forward(model, randn([6, 4], { seed: 1 }));
      const dy = randn([6, 3], { seed: 2 });
      expect(model.parameters().every((p) => p.grad === null)).toBe(true);
      await run.backward(model, dy);
      const once = model.parameters().map((p) => p.grad!.data.slice());
      expect(Math.min(...once.map(largest))).toBeGreaterThan(0);
      await run.backward(model, dy);
      expect(model.parameters().map((p) => p.grad!.data)).toEqual(once.map((grad) => grad.map((v) => 2 * v)));
      model.zeroGrad();
      for (const p of model.parameters()) expect(largest(p.grad!.data)).toBe(0);
      await run.backward(model, dy);
      expect(model.parameters().map((p) => p.grad!.data)).toEqual(once);
    });

    it("do not depend on a backward pass before them, however deep the network is", async () => {
      const block = () => new Residual(new Sequential(new Linear(8, 8), new BatchNorm(8), new ReLU(), new Tanh()));
      const model = new Sequential(
        ...[1, 2, 3].flatMap(() => [block(), new Linear(8, 8), new Tanh(), new Dropout(0.2)]),
      );
      const dy = randn([32, 8], { seed: 2 });
      await run.forward(model, randn([32, 8], { seed: 1 }));
      const first = await run.backward(model, dy);
      const once = model.parameters().map((p) => p.grad!.data.slice());
      model.zeroGrad();
      await run.backward(model, randn([32, 8], { seed: 3 }));
      model.zeroGrad();
      expect(await run.backward(model, dy)).toEqual(first);
      expect(model.parameters().map((p) => p.grad!.data)).toEqual(once);
    });

    it("of a network are what central differences give", async () => {
      const model = new Sequential(new Linear(3, 4), new Tanh(), new Linear(4, 4), new Sigmoid(), new Linear(4, 2));
      const x = randn([5, 3], { seed: 1 });
      const dy = randn([5, 2], { seed: 2 });
      const objective = async () => weighted(await run.forward(model, x), dy.data);
      await run.forward(model, x);
      const dx = await run.backward(model, dy);
      const pairs = [[x, dx] as const, ...model.parameters().map((p) => [p, p.grad!] as const)];
      for (const [{ data }, { data: grad }] of pairs) {
        const want = await slopes(data, objective, data.keys(), 2 ** -6);
        expect(largestDifference(grad, want)).toBeLessThan(1e-3);
      }
    });
  });
});
