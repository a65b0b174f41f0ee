/** A ReLU in the output pass of a convolution. */
import { Conv2d, concat, Inference, type Layer, ReLU, Sequential, type Tensor } from "batchnorm";
import { describe, expect, it, onTestFinished } from "vitest";
import { Bound } from "#dist/plan/bound.js";
import { builds } from "../support/builds.ts";
import { devices } from "../support/devices.ts";
import { Kept } from "../support/homes.ts";
import { expectSame, gaussianTensor } from "../support/layers.ts";
import { made } from "../support/made.ts";

const convs: [string, () => Conv2d][] = [
  ["a direct convolution", () => new Conv2d(3, 9, 3, { padding: 1 })],
  ["one of 1×1", () => new Conv2d(3, 10, 1, { bias: false })],
  ["one in groups at stride 2", () => new Conv2d(4, 6, 3, { groups: 2, stride: 2 })],
  ["a depthwise one", () => new Conv2d(5, 5, 3, { groups: 5 })],
  ["Winograd's", () => new Conv2d(16, 24, 3, { padding: 1 })],
  ["Winograd's without bias", () => new Conv2d(16, 16, 3, { bias: false })],
];

/** That there is 0 for what is negative, and the rest is as it was. */
function expectRectified(got: Float32Array, values: Float32Array): void {
  expect(got.length).toBe(values.length);
  const wrong = got.findIndex((v, i) => !Object.is(v, Math.max(values[i], 0)));
  expect([wrong, values[wrong], got[wrong]]).toEqual([-1, undefined, undefined]);
}

describe.each(builds)("on %s", (build) => {
  const predict = async (layer: Layer, x: Tensor) => {
    const inference = new Inference(layer, { build });
    onTestFinished(() => inference.close());
    return (await inference.predict(x)).data;
  };

  it.each(convs)("%s gives 0 for what is negative and the rest as it is", async (_, make) => {
    const conv = make();
    const x = gaussianTensor(1, [2, 7, 9, conv.inChannels]);
    const without = await predict(new Sequential(conv), x);
    const got = await predict(new Sequential(conv, new ReLU()), x);
    const negative = without.filter((v) => v < 0).length;
    expect(negative).toBeGreaterThan(0.2 * got.length);
    expect(negative).toBeLessThan(0.8 * got.length);
    expectRectified(got, without);
  });

  it.each(convs)("%s keeps NaN, and what is infinite, as a ReLU by itself does", async (_, make) => {
    const conv = make();
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      const x = gaussianTensor(2, [1, 11, 11, conv.inChannels]);
      x.data[(5 * 11 + 5) * conv.inChannels + 1] = value;
      const without = await predict(new Sequential(conv), x);
      const got = await predict(new Sequential(conv, new ReLU()), x);
      expect(without.some((v) => !Number.isFinite(v))).toBe(true);
      expect(without.some(Number.isFinite)).toBe(true);
      expectRectified(got, without);
      if (Number.isNaN(value)) expect(got.some(Number.isNaN)).toBe(true);
    }
  });

  it("is part of the convolution, in rows and modules of one's own: one kernel does both", () => {
    const device = devices[build]();
    const conv = new Conv2d(3, 4, 3);
    const relu = new ReLU();
    const models = [
      new Sequential(conv, relu),
      new Sequential(new Sequential(conv), new Sequential(new Sequential(relu))),
      made({ conv, relu }, (x, layers) => layers.relu.of(layers.conv.of(x))),
    ];
    const kernels = (model: Layer, gradients: "none" | "all") => {
      const homes = new Kept(device, model);
      const wish = { gradients, evaluate: true, convolution: "fast", constant: true } as const;
      const bound = new Bound(model, [1, 9, 9, 3], { device, wish, homes });
      const names = bound.forward.map((step) => ("kernel" in step ? step.kernel : "a point"));
      bound.release();
      homes.free();
      return names;
    };
    for (const model of models) {
      expect(kernels(model, "none")).toEqual(["conv"]);
      expect(kernels(model, "all")).toEqual(["conv", "relu"]);
    }
  });

  it("is not, where somebody else reads what the convolution gives", async () => {
    const conv = new Conv2d(3, 4, 3);
    const x = gaussianTensor(3, [1, 6, 6, 3]);
    const both = made({ conv, relu: new ReLU() }, (x, { conv, relu }) => {
      const y = conv.of(x);
      return concat(relu.of(y), y);
    });
    const [y, without] = [await predict(both, x), await predict(conv, x)];
    const columns = (from: number) => y.filter((_, i) => i % 8 >= from && i % 8 < from + 4);
    expectSame(columns(4), without);
    expectRectified(columns(0), without);
  });
});
