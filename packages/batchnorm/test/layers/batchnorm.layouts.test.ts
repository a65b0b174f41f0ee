/** Where the channels are, and how many axes there are beside them, is a matter of order alone. */
import { BatchNorm, tensor } from "batchnorm";
import { describe, expect, test } from "vitest";
import { normals } from "../support/data.ts";
import { onEveryDevice, type Runs } from "../support/devices.ts";
import { channelsLast, expectNear, expectSame, gaussianTensor, setAffine } from "../support/layers.ts";
import * as paper from "../support/paper.ts";

/** Everything a training call gives. */
async function train(run: Runs, axis: number, shape: number[], x: Float32Array, dy: Float32Array, channels: number) {
  const bn = new BatchNorm(channels, { axis });
  setAffine(bn);
  const y = await run.forward(bn, tensor(x, shape));
  const dx = await run.backward(bn, tensor(dy, shape));
  expect([y.shape, dx.shape]).toEqual([shape, shape]);
  const state = { mean: bn.runningMean!.data, variance: bn.runningVar!.data };
  return { y: y.data, dx: dx.data, dgamma: bn.weight!.grad!.data, dbeta: bn.bias!.grad!.data, ...state };
}

const spaces = [[9], [5, 7], [3, 4, 5]];

onEveryDevice((run) => {
  test.each(spaces.map((space) => [space]))("channels second and channels last agree, with space %j", async (space) => {
    const [outer, channels] = [6, 10];
    const inner = space.reduce((a, b) => a * b, 1);
    const layout = { outer, channels, inner };
    const [x, dy] = [1, 2].map((seed) => normals(seed, outer * channels * inner, seed - 1));
    const second = await train(run, 1, [outer, channels, ...space], x, dy, channels);
    const [xLast, dyLast] = [x, dy].map((values) => channelsLast(values, layout));
    const last = await train(run, -1, [outer, ...space, channels], xLast, dyLast, channels);
    expectNear(last.y, channelsLast(second.y, layout), 2e-6, "y");
    expectNear(last.dx, channelsLast(second.dx, layout), 2e-6, "dx");
    for (const name of ["dgamma", "dbeta", "mean", "variance"] as const)
      expectNear(last[name], second[name], 2e-6, name);
  });

  describe("every axis of every rank from 2 to 5", () => {
    for (const shape of [
      [6, 5],
      [4, 5, 6],
      [4, 3, 5, 2],
      [2, 3, 4, 5, 3],
    ]) {
      test.each(shape.map((_, axis) => [axis]))(`axis %d of [${shape}] normalizes over the others`, async (axis) => {
        const channels = shape[axis];
        const product = (a: number, b: number) => shape.slice(a, b).reduce((p, n) => p * n, 1);
        const layout = { outer: product(0, axis), channels, inner: product(axis + 1, shape.length) };
        const [x, dy] = [3, 4].map((seed) => normals(seed, product(0, shape.length)));
        const got = await train(run, axis, shape, x, dy, channels);
        const bn = new BatchNorm(channels);
        const batch = { ...layout, x, ...setAffine(bn), eps: 1e-5 };
        expectNear(got.y, paper.forward(batch), 1e-6, "y");
        const want = paper.backward(batch, dy);
        expectNear(got.dx, want.dx, 2e-6, "dx");
        expectNear(got.dgamma, want.dgamma, 2e-6, "dgamma");
        const negative = await train(run, axis - shape.length, shape, x, dy, channels);
        expectSame(negative.y, got.y, "the same axis counted from the end");
        expectSame(negative.dx, got.dx, "the same axis counted from the end");
      });
    }
  });

  test("an axis of one value more or less changes no bit: [N, C], [N, C, 1] on axis 1, [N, 1, C]", async () => {
    const [x, dy] = [5, 6].map((seed) => normals(seed, 40 * 7));
    const plain = await train(run, -1, [40, 7], x, dy, 7);
    const others: [number, number[]][] = [
      [1, [40, 7, 1]],
      [-1, [40, 1, 7]],
      [2, [8, 5, 7]],
    ];
    for (const [axis, shape] of others) {
      const other = await train(run, axis, shape, x, dy, 7);
      expectSame(other.y, plain.y);
      expectSame(other.dx, plain.dx);
      expectSame(other.variance, plain.variance);
    }
  });

  test("the same layer takes batches of different sizes and ranks in turn", async () => {
    const bn = new BatchNorm(5);
    setAffine(bn);
    for (const shape of [
      [4, 5],
      [9, 5],
      [2, 3, 5],
      [4, 5],
      [2, 2, 2, 5],
    ]) {
      const x = gaussianTensor(7, shape);
      const batch = { outer: x.size / 5, channels: 5, inner: 1, x: x.data, eps: 1e-5 };
      const y = await run.forward(bn, x);
      expectNear(y.data, paper.forward({ ...batch, gamma: bn.weight!.data, beta: bn.bias!.data }), 1e-6);
      expect((await run.backward(bn, y)).shape).toEqual(shape);
    }
    expect(bn.numBatchesTracked).toBe(5);
  });
});

test("without an axis the channels are the last", () => {
  expect(new BatchNorm(3).axis).toBe(-1);
  expect(new BatchNorm(3).forward(gaussianTensor(1, [4, 5, 3])).shape).toEqual([4, 5, 3]);
  expect(() => new BatchNorm(5).forward(gaussianTensor(1, [4, 5, 3]))).toThrow(
    "[BatchNorm] expected 5 channels on axis 2 of shape [4, 5, 3], got 3",
  );
});
