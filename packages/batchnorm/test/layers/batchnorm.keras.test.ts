/** Layers from Keras: momentum weights the old value there, the moving variance is biased, ε has another default. */
import { BatchNorm } from "batchnorm";
import { expect, test } from "vitest";
import { normals } from "../support/data.ts";
import { onEveryDevice } from "../support/devices.ts";
import { expectNear, expectSame, gaussianTensor, snapshot } from "../support/layers.ts";
import * as paper from "../support/paper.ts";

const C = 4;
const keras = {
  gamma: normals(1, C, 1),
  beta: normals(2, C),
  movingMean: normals(3, C),
  movingVariance: normals(4, C).map((v) => 0.1 + v * v),
  epsilon: 1e-3,
};

onEveryDevice((run) => {
  test("gives what Keras gives in inference", async () => {
    const x = gaussianTensor(5, [7, 3, C]);
    const batch = { outer: 21, channels: C, inner: 1, x: x.data, gamma: keras.gamma, beta: keras.beta, eps: 1e-3 };
    const statistics = { mean: Float64Array.from(keras.movingMean), variance: Float64Array.from(keras.movingVariance) };
    expectNear(
      (await run.forward(BatchNorm.fromKeras(keras).eval(), x)).data,
      paper.normalize(batch, statistics),
      1e-6,
    );
  });

  test.each([undefined, 0.9])("trains on with Keras' moving averages, momentum %s", async (momentum) => {
    const bn = BatchNorm.fromKeras({ ...keras, ...(momentum ? { momentum } : {}) });
    const old = momentum ?? 0.99;
    const x = gaussianTensor(6, [10, C], 2, 3);
    await run.forward(bn, x);
    const { mean, variance } = paper.statistics({ outer: 10, channels: C, inner: 1, x: x.data });
    expectNear(
      bn.runningMean!.data,
      mean.map((v, c) => old * keras.movingMean[c] + (1 - old) * v),
      1e-6,
    );
    expectNear(
      bn.runningVar!.data,
      variance.map((v, c) => old * keras.movingVariance[c] + (1 - old) * v),
      1e-6,
    );
  });
});

test("says which conventions it took", () => {
  const bn = BatchNorm.fromKeras({ ...keras, axis: 1 });
  expect([bn.runningVariance, bn.eps, bn.axis, bn.numFeatures]).toEqual(["biased", 1e-3, 1, C]);
  expect(bn.momentum).toBeCloseTo(0.01, 12);
});

test("copies the arrays it is given", () => {
  const movingMean = keras.movingMean.slice();
  const bn = BatchNorm.fromKeras({ ...keras, movingMean });
  const before = snapshot(bn);
  movingMean.fill(7);
  expect(snapshot(bn)).toBe(before);
  expectSame(bn.weight!.data, keras.gamma);
});

test("a layer without gamma or beta has none here", () => {
  const { gamma, beta, ...rest } = keras;
  const [noScale, noCenter] = [BatchNorm.fromKeras({ ...rest, beta }), BatchNorm.fromKeras({ ...rest, gamma })];
  expect([noScale.weight, noCenter.bias]).toEqual([null, null]);
  expectSame(noScale.bias!.data, beta);
  expectSame(noCenter.weight!.data, gamma);
});

test.each([
  ["an array of another length", { gamma: [1, 2] }, "E_SHAPE"],
  ["a negative variance", { movingVariance: [1, 1, -1, 1] }, "E_VALUE"],
  ["a momentum above 1", { momentum: 1.5 }, "E_VALUE"],
  ["a negative epsilon", { epsilon: -1 }, "E_VALUE"],
])("refuses %s", (_, wrong, code) => {
  expect(() => BatchNorm.fromKeras({ ...keras, ...wrong })).toThrow(expect.objectContaining({ code }));
});

test("ε has no default: Keras' own differs from this library's", () => {
  const { epsilon: _, ...rest } = keras;
  expect(() => BatchNorm.fromKeras(rest as typeof keras)).toThrow(
    "[BatchNorm.fromKeras] expected the layer's epsilon (Keras' default is 0.001), got undefined",
  );
});
