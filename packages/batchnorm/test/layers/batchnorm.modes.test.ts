import { BatchNorm, type Exchange, Linear, Sequential, SGD, Sigmoid, Trainer } from "batchnorm";
import { describe, expect, test } from "vitest";
import { normals } from "../support/data.ts";
import { onEveryDevice } from "../support/devices.ts";
import { expectNear, expectSame, gaussianTensor, setAffine, snapshot } from "../support/layers.ts";
import * as paper from "../support/paper.ts";

const layout = { outer: 12, channels: 5, inner: 6 };
const shape = [12, 5, 6];
const [x, dy] = [gaussianTensor(1, shape, 3, 2), gaussianTensor(2, shape)];

/** A layer with statistics of its own, and all that a float64 computation needs. */
function prepared() {
  const bn = new BatchNorm(5, { axis: 1 });
  const affine = setAffine(bn);
  const constants = { mean: normals(3, 5), variance: normals(4, 5).map((v) => 0.2 + v * v) };
  bn.setRunningStats(constants.mean, constants.variance);
  const statistics = { mean: Float64Array.from(constants.mean), variance: Float64Array.from(constants.variance) };
  return { bn, statistics, batch: { ...layout, x: x.data, ...affine, eps: 1e-5 } };
}

onEveryDevice((run) => {
  const uses: [string, (bn: BatchNorm) => BatchNorm][] = [
    ["in eval mode", (bn) => bn.eval()],
    ["frozen, in train mode", (bn) => bn.train().freeze()],
    ["frozen, in eval mode", (bn) => bn.eval().freeze()],
  ];
  describe.each(uses)("%s", (_, use) => {
    test("y is that of the running statistics", async () => {
      const { bn, statistics, batch } = prepared();
      expectNear((await run.forward(use(bn), x)).data, paper.normalize(batch, statistics), 1e-6);
    });

    test("the gradients take the running statistics for constants", async () => {
      const { bn, statistics, batch } = prepared();
      await run.forward(use(bn), x);
      const dx = await run.backward(bn, dy);
      const want = paper.backwardConstant(batch, statistics, dy.data);
      expectNear(dx.data, want.dx, 1e-6);
      expectNear(bn.weight!.grad!.data, want.dgamma, 1e-6);
      expectNear(bn.bias!.grad!.data, want.dbeta, 1e-6);
    });

    test("running statistics and their counter stay as they are", async () => {
      const { bn } = prepared();
      const before = snapshot(bn);
      await run.forward(use(bn), x);
      await run.backward(bn, dy);
      expect(snapshot(bn)).toBe(before);
    });

    test("a batch of one value a channel is fine", async () => {
      const bn = use(new BatchNorm(4));
      const { gamma, beta } = setAffine(bn);
      const one = gaussianTensor(5, [1, 4]);
      const want = one.data.map((v, c) => (gamma[c] * v) / Math.sqrt(1 + 1e-5) + beta[c]);
      expectNear((await run.forward(bn, one)).data, want, 1e-6);
    });
  });

  test("in train mode y and gradients are those of the batch's statistics", async () => {
    const { bn, batch } = prepared();
    expectNear((await run.forward(bn, x)).data, paper.forward(batch), 1e-6);
    expectNear((await run.backward(bn, dy)).data, paper.backward(batch, dy.data).dx, 1e-6);
  });

  test("backward goes by the mode that its forward ran in, not the one set since", async () => {
    const { bn, statistics, batch } = prepared();
    await run.forward(bn.eval(), x);
    bn.train();
    expectNear((await run.backward(bn, dy)).data, paper.backwardConstant(batch, statistics, dy.data).dx, 1e-6);
    await run.forward(bn, x);
    bn.eval().freeze();
    expectNear((await run.backward(bn, dy)).data, paper.backward(batch, dy.data).dx, 1e-6);
  });

  test("after unfreeze the statistics move again", async () => {
    const { bn } = prepared();
    await run.forward(bn.freeze(), x);
    expect(bn.frozen).toBe(true);
    bn.unfreeze();
    const before = snapshot(bn);
    await run.forward(bn, x);
    expect(bn.frozen).toBe(false);
    expect(bn.numBatchesTracked).toBe(1);
    expect(snapshot(bn)).not.toBe(before);
  });
});

test("train and eval set the mode of a whole model, and of nothing else", () => {
  const inner = new BatchNorm(4);
  const model = new Sequential(new Linear(4, 4), new Sequential(inner));
  const other = new BatchNorm(4);
  model.eval();
  expect([...model.modules()].map((layer) => layer.training)).toEqual([false, false, false, false]);
  expect(other.training).toBe(true);
  inner.train();
  expect(model.training).toBe(false);
  model.train();
  expect([...model.modules()].every((layer) => layer.training)).toBe(true);
});

test("while a trainer trains, a frozen batch norm keeps its statistics, and its gamma and beta learn", async () => {
  const [frozen, free] = [new BatchNorm(6), new BatchNorm(6)];
  const model = new Sequential(new Linear(6, 6), frozen, new Sigmoid(), free, new Linear(6, 3));
  frozen.setRunningStats(
    normals(1, 6),
    normals(2, 6).map((v) => 0.5 + v * v),
  );
  frozen.freeze();
  const before = [frozen.runningMean!, frozen.runningVar!, frozen.weight!, frozen.bias!].map(({ data }) =>
    data.slice(),
  );
  const trainer = new Trainer(model, { optimizer: new SGD({ lr: 0.1 }) });
  const labels = Array.from({ length: 30 }, (_, i) => i % 3);
  for (let i = 0; i < 5; i++) await trainer.step(gaussianTensor(i, [30, 6]), labels);
  await trainer.close();
  const [mean, variance, gamma, beta] = before;
  expectSame(frozen.runningMean!.data, mean);
  expectSame(frozen.runningVar!.data, variance);
  expect(frozen.numBatchesTracked).toBe(0);
  expect(free.numBatchesTracked).toBe(5);
  for (let c = 0; c < 6; c++) {
    expect(frozen.weight!.data[c]).not.toBe(gamma[c]);
    expect(frozen.bias!.data[c]).not.toBe(beta[c]);
  }
});

test("another exchange holds from the next call on, forward and backward", () => {
  const bn = new BatchNorm(4);
  const calls: string[] = [];
  const exchange = (name: string): Exchange => ({
    gather(values) {
      calls.push(`${name} gathers`);
      return values;
    },
    sum() {
      calls.push(`${name} adds up`);
      return { wait() {} };
    },
  });
  const pass = () => {
    bn.forward(gaussianTensor(1, [6, 4]));
    bn.backward(gaussianTensor(2, [6, 4]));
  };
  for (const name of ["one", "other"]) {
    bn.exchange = exchange(name);
    pass();
  }
  bn.exchange = null;
  pass();
  expect(calls).toEqual(["one gathers", "one adds up", "other gathers", "other adds up"]);
});

test("a layer without running statistics cannot be frozen", () => {
  expect(() => new BatchNorm(4, { trackRunningStats: false }).freeze()).toThrow(
    "[BatchNorm.freeze] expected running statistics to freeze",
  );
});
