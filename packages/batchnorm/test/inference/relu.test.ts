/** A ReLU in the output pass of a convolution. */
import { Conv2d, Inference, type Layer, ReLU, Sequential, type tensor } from "batchnorm";
import { describe, expect, it, onTestFinished } from "vitest";
import { builds } from "../support/builds.ts";
import { expectSame, gaussianTensor } from "../support/layers.ts";

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
  const predict = (layer: Layer, x: ReturnType<typeof tensor>) => {
    const inference = new Inference(layer, { build });
    onTestFinished(() => inference.close());
    return inference.predict(x).data;
  };

  it.each(convs)("%s gives 0 for what is negative and the rest as it is", (_, make) => {
    const conv = make();
    const x = gaussianTensor(1, [2, 7, 9, conv.inChannels]);
    const without = predict(new Sequential(conv), x);
    const got = predict(new Sequential(conv, new ReLU()), x);
    const negative = without.filter((v) => v < 0).length;
    expect(negative).toBeGreaterThan(0.2 * got.length);
    expect(negative).toBeLessThan(0.8 * got.length);
    expectRectified(got, without);
  });

  it.each(convs)("%s keeps NaN, and what is infinite, as a ReLU by itself does", (_, make) => {
    const conv = make();
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      const x = gaussianTensor(2, [1, 11, 11, conv.inChannels]);
      x.data[(5 * 11 + 5) * conv.inChannels + 1] = value;
      const without = predict(new Sequential(conv), x);
      const got = predict(new Sequential(conv, new ReLU()), x);
      expect(without.some((v) => !Number.isFinite(v))).toBe(true);
      expect(without.some(Number.isFinite)).toBe(true);
      expectRectified(got, without);
      if (Number.isNaN(value)) expect(got.some(Number.isNaN)).toBe(true);
    }
  });

  it("is part of the convolution: there is no buffer between them", () => {
    const conv = new Conv2d(3, 4, 3);
    const x = gaussianTensor(3, [1, 60, 60, 3]);
    const [together, apart] = [new Sequential(conv, new ReLU()), new Sequential(new Sequential(conv), new ReLU())];
    const sizes = [together, apart].map((model) => {
      const inference = new Inference(model, { build });
      onTestFinished(() => inference.close());
      inference.predict(x);
      return inference.engine.memory.top;
    });
    expect(sizes[0]).toBeLessThan(sizes[1]);
    expectSame(predict(together, x), predict(apart, x));
  });
});
