/** Batch norm as functions of arrays: the layer's results without the layer. */
import { BatchNorm, batchNormBackward, batchNormForward, batchNormInference, tensor } from "batchnorm";
import { describe, expect, test } from "vitest";
import { onEveryBuild } from "../support/builds.ts";
import { normals } from "../support/data.ts";
import { expectNear, expectSame, setAffine } from "../support/layers.ts";
import * as paper from "../support/paper.ts";

const forms = [
  { shape: [20, 6], axis: -1, layout: { outer: 20, channels: 6, inner: 1 } },
  { shape: [3, 5, 4, 6], axis: 3, layout: { outer: 60, channels: 6, inner: 1 } },
  { shape: [3, 6, 5, 4], axis: 1, layout: { outer: 3, channels: 6, inner: 20 } },
];

onEveryBuild(() => {
  describe.each(forms)("$shape, axis $axis", ({ shape, axis, layout }) => {
    const size = shape.reduce((a, b) => a * b, 1);
    const [x, dy] = [normals(1, size, 3, 2), normals(2, size)];
    const bn = new BatchNorm(6, { axis, eps: 1e-3 });
    const { gamma, beta } = setAffine(bn);
    const batch = { ...layout, x, gamma, beta, eps: 1e-3 };

    test("forward and backward give the layer's bits", () => {
      const { y, mean, rstd } = batchNormForward(x, { shape, axis, gamma, beta, eps: 1e-3 });
      const { dx, dgamma, dbeta } = batchNormBackward(dy, x, { shape, axis, gamma, mean, rstd });
      bn.zeroGrad();
      expectSame(y, bn.train().forward(tensor(x, shape)).data);
      expectSame(dx, bn.backward(tensor(dy, shape)).data);
      expectSame(dgamma, bn.weight!.grad!.data);
      expectSame(dbeta, bn.bias!.grad!.data);
    });

    test("forward gives the statistics of the batch in float64", () => {
      const exact = paper.statistics(batch);
      const { mean, variance, rstd, count } = batchNormForward(x, { shape, axis, eps: 1e-3 });
      expectNear(mean, exact.mean, 1e-7);
      expectNear(variance, exact.variance, 1e-6);
      expectNear(
        rstd,
        exact.variance.map((v) => 1 / Math.sqrt(v + 1e-3)),
        1e-6,
      );
      expect(count).toBe(layout.outer * layout.inner);
    });

    test("inference gives what eval mode gives, and its backward pass takes the statistics for constants", () => {
      const mean = normals(3, 6);
      const variance = normals(4, 6).map((v) => 0.1 + v * v);
      bn.setRunningStats(mean, variance);
      bn.zeroGrad();
      const y = batchNormInference(x, { shape, axis, gamma, beta, eps: 1e-3, mean, variance });
      expectSame(y, bn.eval().forward(tensor(x, shape)).data);
      const rstd = Float64Array.from(variance, (v) => 1 / Math.sqrt(v + 1e-3));
      const { dx, dgamma } = batchNormBackward(dy, x, { shape, axis, gamma, mean, rstd, batchStatistics: false });
      expectSame(dx, bn.backward(tensor(dy, shape)).data);
      expectSame(dgamma, bn.weight!.grad!.data);
    });

    test("without gamma and beta they are 1 and 0", () => {
      const plain = { ...batch, gamma: new Float32Array(6).fill(1), beta: new Float32Array(6) };
      const { y, mean, rstd } = batchNormForward(x, { shape, axis, eps: 1e-3 });
      expectNear(y, paper.forward(plain), 1e-6);
      expectNear(batchNormBackward(dy, x, { shape, axis, mean, rstd }).dx, paper.backward(plain, dy).dx, 1e-6);
    });
  });
});

test("the default eps is 1e-5 and the default axis the last", () => {
  const x = normals(5, 40, 0, 0.01);
  const all = { shape: [5, 2, 4], axis: 2, eps: 1e-5 };
  expectSame(batchNormForward(x, { shape: [5, 2, 4] }).y, batchNormForward(x, all).y);
  const [mean, variance] = [new Float32Array(4), new Float32Array(4).fill(1e-4)];
  const y = batchNormInference(x, { shape: [5, 2, 4], mean, variance });
  expectSame(y, batchNormInference(x, { ...all, mean, variance }));
});

test("arrays given are left as they are, and arrays returned stay as they are", () => {
  const given = [normals(1, 60), normals(2, 60), normals(3, 6)];
  const copies = given.map((array) => array.slice());
  const [x, dy, gamma] = given;
  const first = batchNormForward(x, { shape: [10, 6], gamma });
  const kept = { y: first.y.slice(), mean: first.mean.slice(), rstd: first.rstd.slice() };
  const gradients = batchNormBackward(dy, x, { shape: [10, 6], gamma, mean: first.mean, rstd: first.rstd });
  const keptGradients = gradients.dx.slice();
  batchNormForward(normals(9, 600), { shape: [10, 60] });
  given.forEach((array, i) => {
    expectSame(array, copies[i]);
  });
  for (const name of ["y", "mean", "rstd"] as const) expectSame(first[name], kept[name]);
  expectSame(gradients.dx, keptGradients);
});

const ok = { shape: [4, 3] };
const x = normals(1, 12);
const three = new Float32Array(3);
const wrong: [string, () => unknown, string, string][] = [
  [
    "too few values",
    () => batchNormForward(x.subarray(1), ok),
    "E_SHAPE",
    "expected 12 values for shape [4, 3], got 11",
  ],
  ["one dimension", () => batchNormForward(x, { shape: [12] }), "E_SHAPE", "expected at least 2 dimensions"],
  [
    "an axis that is not there",
    () => batchNormForward(x, { ...ok, axis: 2 }),
    "E_SHAPE",
    "expected a channel axis from -2 to 1",
  ],
  [
    "gamma of another length",
    () => batchNormForward(x, { ...ok, gamma: x }),
    "E_SHAPE",
    "expected 3 values of gamma, got 12",
  ],
  ["one value a channel", () => batchNormForward(three, { shape: [1, 3] }), "E_BATCH", "more than one value a channel"],
  ["no values", () => batchNormForward(new Float32Array(), { shape: [0, 3] }), "E_BATCH", "at least one example"],
  ["a negative eps", () => batchNormForward(x, { ...ok, eps: -1 }), "E_VALUE", "expected eps of at least 0, got -1"],
  ["an eps that is NaN", () => batchNormForward(x, { ...ok, eps: Number.NaN }), "E_VALUE", "got NaN"],
  [
    "dy of another length",
    () => batchNormBackward(three, x, { ...ok, mean: three, rstd: three }),
    "E_SHAPE",
    "expected as many values of dy as of x (12), got 3",
  ],
  [
    "mean of another length",
    () => batchNormBackward(x, x, { ...ok, mean: x, rstd: three }),
    "E_SHAPE",
    "expected 3 values of mean",
  ],
  [
    "rstd of another length",
    () => batchNormBackward(x, x, { ...ok, mean: three, rstd: x }),
    "E_SHAPE",
    "expected 3 values of rstd",
  ],
  [
    "a negative variance",
    () => batchNormInference(x, { ...ok, mean: three, variance: [1, -1, 1] }),
    "E_VALUE",
    "expected variances of at least 0, got -1",
  ],
];
test.each(wrong)("%s is refused", (_, call, code, message) => {
  expect(call).toThrow(expect.objectContaining({ code, message: expect.stringContaining(message) }));
});
