import { BatchNorm, Conv2d, randn } from "batchnorm";
import { type ResNetOptions, resnet } from "batchnorm/models";
import { describe, expect, it } from "vitest";
import { largest } from "../support/data.ts";
import { overfit } from "../support/overfit.ts";
import { refuses } from "../support/refusal.ts";
import { stateBits } from "../support/training.ts";

const parametersOf = (options: ResNetOptions = {}) =>
  resnet(options)
    .parameters()
    .reduce((sum, { size }) => sum + size, 0);

const x = randn([2, 9, 8, 3], { seed: 1 });

describe("resnet", () => {
  it("gives logits, for any number of classes and channels, and any size of image", () => {
    expect(resnet({ depth: 8, width: 4 }).forward(x).shape).toEqual([2, 10]);
    const model = resnet({ depth: 14, width: 4, classes: 7, inChannels: 1 });
    expect(model.forward(randn([3, 16, 16, 1], { seed: 1 })).shape).toEqual([3, 7]);
    expect(model.forward(randn([3, 5, 1, 1], { seed: 1 })).shape).toEqual([3, 7]);
  });

  it("of depth 20 has the 272,474 parameters that adding up gives", () => {
    const conv = (from: number, to: number, kernel: number) => kernel * kernel * from * to;
    const bn = (channels: number) => 2 * channels;
    // 3 → 16; six convolutions of 16; the first block from 16 to 32 with its projection, then four convolutions; again.
    const stem = conv(3, 16, 3) + bn(16);
    const first = 6 * (conv(16, 16, 3) + bn(16));
    const stage = (from: number, to: number) =>
      conv(from, to, 3) + 5 * conv(to, to, 3) + 6 * bn(to) + conv(from, to, 1) + bn(to);
    const linear = 64 * 10 + 10;
    expect([stem, first, stage(16, 32), stage(32, 64), linear]).toEqual([464, 14016, 51648, 205696, 650]);
    expect(parametersOf()).toBe(464 + 14016 + 51648 + 205696 + 650);
    expect(parametersOf()).toBe(272_474);
    // Without batch norm each channel has a bias in place of gamma and beta.
    expect(parametersOf({ batchNorm: false })).toBe(272_474 - (7 * 16 + 7 * 32 + 7 * 64));
  });

  it("has as many convolutions and linear layers as its depth says, shortcuts aside", () => {
    for (const depth of [8, 14, 20, 32]) {
      const names = Object.keys(resnet({ depth, width: 2 }).stateDict());
      const weights = names.filter((name) => name.endsWith("weight") && !name.includes("downsample"));
      const norms = names.filter((name) => name.endsWith("running_mean") && !name.includes("downsample"));
      expect(weights.length - norms.length).toBe(depth);
      expect(names.filter((name) => name.includes("downsample.0"))).toHaveLength(2);
    }
  });

  it("halves the image where it doubles the channels", () => {
    const strides = [...resnet().modules()].filter((layer) => layer instanceof Conv2d && layer.stride === 2);
    expect(strides).toHaveLength(4);
    const shapes = [...resnet({ depth: 8, width: 4 }).modules()].flatMap((layer) =>
      layer instanceof Conv2d ? [[layer.inChannels, layer.outChannels, layer.kernel[0], layer.stride]] : [],
    );
    expect(shapes).toEqual([
      [3, 4, 3, 1],
      [4, 4, 3, 1],
      [4, 4, 3, 1],
      [4, 8, 3, 2],
      [8, 8, 3, 1],
      [4, 8, 1, 2],
      [8, 16, 3, 2],
      [16, 16, 3, 1],
      [8, 16, 1, 2],
    ]);
  });

  it("names its state as torchvision does", () => {
    const bn = ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"];
    const unit = (conv: string, norm: string) => [`${conv}.weight`, ...bn.map((name) => `${norm}.${name}`)];
    const block = (prefix: string, downsample: boolean) => [
      ...unit(`${prefix}.conv1`, `${prefix}.bn1`),
      ...unit(`${prefix}.conv2`, `${prefix}.bn2`),
      ...(downsample ? unit(`${prefix}.downsample.0`, `${prefix}.downsample.1`) : []),
    ];
    const stages = [1, 2, 3].flatMap((stage) => [
      ...block(`layer${stage}.0`, stage > 1),
      ...block(`layer${stage}.1`, false),
    ]);
    const names = Object.keys(resnet({ depth: 14, width: 4 }).stateDict());
    expect(names).toEqual([...unit("conv1", "bn1"), ...stages, "fc.weight", "fc.bias"]);
    const plain = Object.keys(resnet({ depth: 8, width: 4, batchNorm: false }).stateDict());
    expect(plain.slice(0, 4)).toEqual(["conv1.weight", "conv1.bias", "layer1.0.conv1.weight", "layer1.0.conv1.bias"]);
    expect(plain.filter((name) => /bn|running/.test(name))).toEqual([]);
  });

  it("has a bias in every convolution, or a batch norm after it and none", () => {
    for (const batchNorm of [true, false]) {
      const layers = [...resnet({ depth: 8, batchNorm }).modules()];
      const convs = layers.filter((layer) => layer instanceof Conv2d);
      expect(convs).toHaveLength(9);
      for (const { bias } of convs) expect(bias === null).toBe(batchNorm);
      expect(layers.filter((layer) => layer instanceof BatchNorm)).toHaveLength(batchNorm ? 9 : 0);
    }
  });

  it("starts from He's weights, which the seed decides, and biases of 0", () => {
    expect(stateBits(resnet({ depth: 8, seed: 4 }))).toBe(stateBits(resnet({ depth: 8, seed: 4 })));
    expect(stateBits(resnet({ depth: 8, seed: 5 }))).not.toBe(stateBits(resnet({ depth: 8, seed: 4 })));
    expect(stateBits(resnet({ depth: 8 }))).toBe(stateBits(resnet({ depth: 8, seed: 0 })));
    const { "layer3.0.conv2.weight": weight, "fc.bias": bias } = resnet({ depth: 8 }).stateDict();
    const square = Array.from(weight.data).reduce((sum, v) => sum + v * v, 0) / weight.data.length;
    expect(square / (2 / (9 * 64))).toBeCloseTo(1, 1);
    expect(largest(bias.data)).toBe(0);
  });

  it("is refused for a depth that is not 6n + 2, and sizes that are none", () => {
    for (const depth of [0, 2, 7, 18, 21, 8.5, -4, Number.NaN]) {
      refuses(() => resnet({ depth }), "E_VALUE", "[resnet]", "6n + 2", `got ${depth}`);
    }
    for (const options of [{ width: 0 }, { width: 1.5 }, { classes: 0 }, { inChannels: 0 }]) {
      refuses(() => resnet({ depth: 8, ...options }), "E_VALUE", "positive");
    }
    refuses(() => resnet({ layers: 8 } as object), "E_VALUE", "[resnet] expected options depth, width", "got layers");
  });

  it.each([true, false])("learns 8 images by heart, with batch norm: %s", async (batchNorm) => {
    const model = resnet({ depth: 8, width: 8, classes: 4, batchNorm });
    const { losses, correct } = await overfit(model, { lr: 0.05, steps: 25, size: 8 });
    expect(losses[0]).toBeGreaterThan(1);
    expect(losses[24]).toBeLessThan(0.02);
    expect(correct).toBe(8);
  });
});
