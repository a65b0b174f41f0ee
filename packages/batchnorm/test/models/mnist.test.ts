import { BatchNorm, Linear, ReLU, randn, Sigmoid } from "batchnorm";
import { mnistNetwork } from "batchnorm/models";
import { describe, expect, it } from "vitest";
import { refuses } from "../support/refusal.ts";
import { stateBits } from "../support/training.ts";

describe("mnistNetwork", () => {
  it("has three hidden layers of 100, each with a batch norm and a sigmoid", () => {
    const model = mnistNetwork();
    expect(model.hidden.map(({ layers }) => layers.map((layer) => layer.constructor))).toEqual(
      [1, 2, 3].map(() => [Linear, BatchNorm, Sigmoid]),
    );
    expect(model.parameters().reduce((sum, { size }) => sum + size, 0)).toBe(784 * 100 + 2 * 100 * 100 + 600 + 1010);
    expect(model.forward(randn([2, 784], { seed: 1 })).shape).toEqual([2, 10]);
  });

  it("names its state by hidden layer", () => {
    const bn = ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"];
    const hidden = (i: number) => [`hidden.${i}.0.weight`, ...bn.map((name) => `hidden.${i}.1.${name}`)];
    const names = Object.keys(mnistNetwork({ hidden: [9, 8] }).stateDict());
    expect(names).toEqual([...hidden(0), ...hidden(1), "output.weight", "output.bias"]);
    const plain = Object.keys(mnistNetwork({ hidden: [9], batchNorm: false }).stateDict());
    expect(plain).toEqual(["hidden.0.0.weight", "hidden.0.0.bias", "output.weight", "output.bias"]);
  });

  it("has the activation that is asked for, Gaussian weights from a seed, and biases of 0", () => {
    expect(mnistNetwork({ activation: "relu" }).hidden[0].layers[2]).toBeInstanceOf(ReLU);
    const { "hidden.0.0.weight": weight, "output.bias": bias } = mnistNetwork({ sigma: 0.02 }).stateDict();
    const square = Array.from(weight.data).reduce((sum, v) => sum + v * v, 0) / weight.data.length;
    expect(Math.sqrt(square)).toBeCloseTo(0.02, 3);
    expect([...bias.data]).toEqual(new Array(10).fill(0));
    expect(stateBits(mnistNetwork({ seed: 4 }))).toBe(stateBits(mnistNetwork({ seed: 4 })));
    expect(stateBits(mnistNetwork({ seed: 5 }))).not.toBe(stateBits(mnistNetwork({ seed: 4 })));
  });

  it("is refused for an activation or an option that is not known", () => {
    refuses(() => mnistNetwork({ activation: "swish" as "relu" }), "E_VALUE", "sigmoid, tanh, relu", 'got "swish"');
    refuses(
      () => mnistNetwork({ widths: [3] } as object),
      "E_VALUE",
      "[mnistNetwork] expected options batchNorm, hidden",
    );
  });
});
