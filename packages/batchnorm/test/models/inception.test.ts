import { BatchNorm, Conv2d, Dropout, type Layer, type MaxPool2d, ReLU, randn, Sigmoid, type Tensor } from "batchnorm";
import { type InceptionOptions, inception } from "batchnorm/models";
import { describe, expect, it } from "vitest";
import { forwardApart } from "../support/apart.ts";
import { largest } from "../support/data.ts";
import { expectSame } from "../support/layers.ts";
import { overfit } from "../support/overfit.ts";
import { refuses } from "../support/refusal.ts";
import { stateBits } from "../support/training.ts";

const parametersOf = (options: InceptionOptions = {}) =>
  inception(options)
    .parameters()
    .reduce((sum, { size }) => sum + size, 0);

const all = <T extends Layer>(model: Layer, Kind: new (...args: never[]) => T): T[] =>
  [...model.modules()].filter((layer): layer is T => layer instanceof Kind);

/** [kernel, from, to] of every convolution, module by module and branch by branch. */
const convolutions = [
  [[3, 3, 32]],
  [
    [1, 32, 16],
    [1, 32, 16],
    [3, 16, 24],
    [1, 32, 16],
    [3, 16, 24],
    [3, 24, 24],
    [1, 32, 8],
  ],
  [
    [1, 72, 24],
    [3, 24, 32],
    [1, 72, 16],
    [3, 16, 24],
    [3, 24, 24],
  ],
  [
    [1, 128, 32],
    [1, 128, 24],
    [3, 24, 32],
    [1, 128, 16],
    [3, 16, 24],
    [3, 24, 24],
    [1, 128, 16],
  ],
  [
    [1, 104, 32],
    [1, 104, 24],
    [3, 24, 32],
    [1, 104, 24],
    [3, 24, 32],
    [3, 32, 32],
    [1, 104, 16],
  ],
  [
    [1, 112, 32],
    [3, 32, 48],
    [1, 112, 24],
    [3, 24, 32],
    [3, 32, 32],
  ],
  [
    [1, 192, 64],
    [1, 192, 48],
    [3, 48, 64],
    [1, 192, 24],
    [3, 24, 48],
    [3, 48, 48],
    [1, 192, 32],
  ],
  [
    [1, 208, 64],
    [1, 208, 48],
    [3, 48, 64],
    [1, 208, 24],
    [3, 24, 48],
    [3, 48, 48],
    [1, 208, 32],
  ],
].flat();

describe("inception", () => {
  it("has the convolutions of the table, 46 in all", () => {
    const got = all(inception(), Conv2d).map(({ kernel, inChannels, outChannels }) => [
      kernel[0],
      inChannels,
      outChannels,
    ]);
    expect(got).toEqual(convolutions);
    expect(got).toHaveLength(46);
  });

  it("has the 318,970 parameters that adding up gives", () => {
    const weights = convolutions.reduce((sum, [kernel, from, to]) => sum + kernel * kernel * from * to, 0);
    const channels = convolutions.reduce((sum, [, , to]) => sum + to, 0);
    expect([weights, channels]).toEqual([313_952, 1464]);
    // Gamma and beta of each channel, or a bias; 208 inputs and a bias of each class.
    expect(parametersOf()).toBe(313_952 + 2 * 1464 + 209 * 10);
    expect(parametersOf()).toBe(318_970);
    expect(parametersOf({ batchNorm: false })).toBe(318_970 - 1464);
    expect(parametersOf({ classes: 100 })).toBe(318_970 + 209 * 90);
    expect(parametersOf({ inChannels: 1 })).toBe(318_970 - 9 * 32 * 2);
  });

  it("halves the image three times, in two of its modules too, and joins four branches or three", () => {
    const model = inception();
    const inputs = new Map<Layer, Tensor>();
    const { y } = forwardApart(model.eval(), randn([1, 32, 32, 3], { seed: 1 }), { inputs });
    const { blocks } = model;
    const shapes = [...blocks, model.avgpool].map((layer) => inputs.get(layer)!.shape.slice(1));
    expect(shapes).toEqual([
      [16, 16, 32],
      [16, 16, 72],
      [8, 8, 128],
      [8, 8, 104],
      [8, 8, 112],
      [4, 4, 192],
      [4, 4, 208],
      [4, 4, 208],
    ]);
    expect(blocks.map((block) => block.children().length)).toEqual([4, 3, 4, 4, 3, 4, 4]);
    expect(y.shape).toEqual([1, 10]);
  });

  it("pools as the paper's table says, maxima where the image is halved", () => {
    const pools = [...inception().modules()].filter((layer) => /Pool2d/.test(layer.constructor.name));
    const kinds = pools.map((layer) => layer.constructor.name.replace("Pool2d", ""));
    expect(kinds).toEqual(["Max", "Average", "Max", "Average", "Average", "Max", "Average", "Max"]);
    expect(pools.map((layer) => (layer as MaxPool2d).stride)).toEqual([2, 1, 2, 1, 1, 2, 1, 1].map((n) => [n, n]));
  });

  it("takes any size of image, and other numbers of classes and channels", () => {
    const model = inception({ classes: 7, inChannels: 1 });
    expect(model.forward(randn([2, 9, 14, 1], { seed: 1 })).shape).toEqual([2, 7]);
  });

  it("names its state by place", () => {
    const names = Object.keys(inception().stateDict());
    expect(names).toHaveLength(46 * 6 + 2);
    const bn = ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"];
    expect(names.slice(0, 12)).toEqual([
      "stem.0.0.weight",
      ...bn.map((name) => `stem.0.1.${name}`),
      "blocks.0.branch1x1.0.weight",
      ...bn.map((name) => `blocks.0.branch1x1.1.${name}`),
    ]);
    const last = "blocks.6.branchPool.1";
    const unit = [`${last}.0.weight`, ...bn.map((name) => `${last}.1.${name}`)];
    expect(names.slice(-8)).toEqual([...unit, "fc.weight", "fc.bias"]);
    expect(names.filter((name) => name.startsWith("blocks.1.") && name.endsWith("0.weight"))).toEqual([
      "blocks.1.branch3x3.0.0.weight",
      "blocks.1.branch3x3.1.0.weight",
      "blocks.1.branch3x3dbl.0.0.weight",
      "blocks.1.branch3x3dbl.1.0.weight",
      "blocks.1.branch3x3dbl.2.0.weight",
    ]);
  });

  it("has a batch norm after every convolution, or a bias in it", () => {
    for (const batchNorm of [true, false]) {
      const model = inception({ batchNorm });
      expect(all(model, BatchNorm)).toHaveLength(batchNorm ? 46 : 0);
      for (const { bias } of all(model, Conv2d)) expect(bias === null).toBe(batchNorm);
      expect(all(model, ReLU)).toHaveLength(46);
    }
  });

  it("has the activation that is asked for, and weights for it: He's or Glorot's", () => {
    const sigmoid = inception({ activation: "sigmoid" });
    expect(all(sigmoid, Sigmoid)).toHaveLength(46);
    expect(all(sigmoid, ReLU)).toHaveLength(0);
    for (const { weight, inChannels, outChannels, kernel } of all(sigmoid, Conv2d)) {
      const bound = Math.sqrt(6 / ((inChannels + outChannels) * kernel[0] ** 2));
      expect(largest(weight.data) / bound).toBeLessThanOrEqual(1);
      expect(largest(weight.data) / bound).toBeGreaterThan(0.95);
    }
    for (const { weight, inChannels, kernel } of all(inception(), Conv2d).filter(({ weight }) => weight.size > 5000)) {
      const square = weight.data.reduce((sum, v) => sum + v * v, 0) / weight.size;
      expect(square / (2 / (inChannels * kernel[0] ** 2))).toBeCloseTo(1, 1);
    }
  });

  it("multiplies initial weights by the gain", () => {
    const [plain, large] = [inception(), inception({ gain: 2 })].map((model) => model.stateDict());
    for (const [name, { data, shape }] of Object.entries(plain).filter(([name]) => !name.includes("num_batches"))) {
      const factor = shape.length > 1 ? 2 : 1;
      expectSame(
        large[name].data,
        Float32Array.from(data, (v) => factor * v),
        name,
      );
    }
  });

  it("has Dropout before the last layer where it is asked for, with the model's seed", () => {
    expect(all(inception(), Dropout)).toHaveLength(0);
    const [one, same, other] = [4, 4, 5].map((seed) => inception({ dropout: 0.3, seed }));
    expect(one.children().slice(-2)).toEqual([
      ["dropout", one.dropout],
      ["fc", one.fc],
    ]);
    expect(one.dropout?.p).toBe(0.3);
    const states = [one, same, other].map((model) => all(model, Dropout)[0].random.state);
    expect(states[1]).toEqual(states[0]);
    expect(states[2]).not.toEqual(states[0]);
  });

  it("starts from weights that the seed decides", () => {
    expect(stateBits(inception({ seed: 4 }))).toBe(stateBits(inception({ seed: 4 })));
    expect(stateBits(inception({ seed: 5 }))).not.toBe(stateBits(inception({ seed: 4 })));
    expect(stateBits(inception())).toBe(stateBits(inception({ seed: 0 })));
  });

  it("is refused for an activation that is not known, a gain that is not positive, sizes that are none", () => {
    for (const activation of ["tanh", "toString"]) {
      const options = { activation } as unknown as InceptionOptions;
      refuses(() => inception(options), "E_VALUE", "[inception]", "relu or sigmoid", `got "${activation}"`);
    }
    for (const gain of [0, -1, Number.NaN]) {
      refuses(() => inception({ gain }), "E_VALUE", "[inception]", "positive gain", `got ${gain}`);
    }
    for (const dropout of [1, -0.5, Number.NaN]) refuses(() => inception({ dropout }), "E_VALUE", `got ${dropout}`);
    refuses(() => inception({ norm: true } as object), "E_VALUE", "[inception] expected options batchNorm", "got norm");
    for (const options of [{ classes: 0 }, { inChannels: 0 }]) refuses(() => inception(options), "E_VALUE", "positive");
  });

  it.each([
    ["with batch norm", {}, { lr: 0.05, steps: 15 }],
    ["with batch norm and sigmoid", { activation: "sigmoid" }, { lr: 0.05, steps: 25 }],
    ["without batch norm, slowly", { batchNorm: false }, { lr: 0.002, steps: 40 }],
  ] as const)("learns 8 images by heart %s", async (_, options, training) => {
    const { losses, correct } = await overfit(inception({ classes: 4, ...options }), { ...training, size: 16 });
    expect(losses[0]).toBeGreaterThan(1);
    expect(losses[training.steps - 1]).toBeLessThan(0.1);
    expect(correct).toBe(8);
  });
});
