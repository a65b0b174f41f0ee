/** Algorithm 2: population statistics over many batches in place of moving averages. */
import {
  BatchNorm,
  Dropout,
  estimatePopulation,
  type Layer,
  Linear,
  Module,
  Sequential,
  Sigmoid,
  type Tensor,
  type Trainer,
  type Value,
} from "batchnorm";
import { describe, expect, test } from "vitest";
import { onEveryBuild } from "../support/builds.ts";
import { digest } from "../support/data.ts";
import { expectNear, expectSame, gaussianTensor, setAffine, snapshot } from "../support/layers.ts";
import * as paper from "../support/paper.ts";
import { fitAll, openTrainer, smallDataset, smallNetwork } from "../support/training.ts";

const C = 5;
const shapesOf = (sizes: number[]) => sizes.map((n, i) => gaussianTensor(i, [n, C, 3], i - 1, 1 + i / 3));

/** E[x] and Var[x] as the paper has them; batches of other sizes weigh as many values as they have. */
function population(batches: Tensor[], unbiased = true): paper.Statistics {
  const mean = new Float64Array(C);
  const variance = new Float64Array(C);
  const total = batches.reduce((sum, { shape }) => sum + shape[0] * 3, 0);
  for (const { shape, data } of batches) {
    const m = shape[0] * 3;
    const batch = paper.statistics({ outer: shape[0], channels: C, inner: 3, x: data });
    for (let c = 0; c < C; c++) {
      mean[c] += (m / total) * batch.mean[c];
      variance[c] += (m / total) * batch.variance[c] * (unbiased ? m / (m - 1) : 1);
    }
  }
  return { mean, variance };
}

const layer = (options = {}) => new BatchNorm(C, { axis: 1, ...options });

onEveryBuild(() => {
  test.each([
    ["equal batches", [8, 8, 8, 8]],
    ["batches of different sizes", [8, 3, 20, 1]],
    ["a single batch", [7]],
  ])("%s", (_, sizes) => {
    const batches = shapesOf(sizes);
    const bn = layer();
    bn.setRunningStats(new Float32Array(C).fill(99), new Float32Array(C).fill(99));
    estimatePopulation(bn, batches);
    const want = population(batches);
    expectNear(bn.runningMean!.data, want.mean, 1e-6);
    expectNear(bn.runningVar!.data, want.variance, 1e-6);
  });

  test("a biased layer gets the mean of the biased variances", () => {
    const batches = shapesOf([4, 9]);
    const bn = layer({ runningVariance: "biased" });
    estimatePopulation(bn, batches);
    expectNear(bn.runningVar!.data, population(batches, false).variance, 1e-6);
  });

  test("eval mode then is the paper's inference: y = γ/√(Var + ε)·x + (β − γ·E/√(Var + ε))", () => {
    const batches = shapesOf([8, 8, 8]);
    const bn = layer();
    const { gamma, beta } = setAffine(bn);
    estimatePopulation(bn, batches);
    const { mean, variance } = population(batches);
    const x = gaussianTensor(50, [1, C, 3]);
    const want = x.data.map((v, i) => {
      const c = Math.floor(i / 3) % C;
      const slope = gamma[c] / Math.sqrt(variance[c] + 1e-5);
      return slope * v + (beta[c] - slope * mean[c]);
    });
    expectNear(bn.eval().forward(x).data, want, 2e-6);
  });

  test("in a model every batch norm sees what the ones before make of the batch in training", () => {
    const [first, second] = [new BatchNorm(6), new BatchNorm(4)];
    const model = new Sequential(new Linear(3, 6), first, new Sigmoid(), new Linear(6, 4), second);
    const batches = [1, 2, 3].map((seed) => gaussianTensor(seed, [10, 3]));
    estimatePopulation(model, batches);
    const inner = new Sequential(...model.layers.slice(0, 4));
    const mean = new Float64Array(4);
    const variance = new Float64Array(4);
    for (const batch of batches) {
      const { data } = inner.forward(batch);
      const got = paper.statistics({ outer: 10, channels: 4, inner: 1, x: data });
      for (let c = 0; c < 4; c++) {
        mean[c] += got.mean[c] / 3;
        variance[c] += (got.variance[c] * 10) / 9 / 3;
      }
    }
    expectNear(second.runningMean!.data, mean, 1e-5);
    expectNear(second.runningVar!.data, variance, 1e-5);
  });
});

describe("it leaves", () => {
  test("every layer's mode as it was", () => {
    const model = new Sequential(new BatchNorm(C), new Sequential(new Sigmoid(), new BatchNorm(C)));
    model.eval();
    (model.layers[1] as Sequential).layers[1].train();
    const modes = [...model.modules()].map((l) => l.training);
    estimatePopulation(model, [gaussianTensor(1, [6, C])]);
    expect([...model.modules()].map((l) => l.training)).toEqual(modes);
    expect(modes).toEqual([false, false, false, false, true]);
  });

  test("the counter, gamma, beta and their gradients", () => {
    const bn = layer();
    const { gamma, beta } = setAffine(bn);
    estimatePopulation(bn, shapesOf([4, 4]));
    expect(bn.numBatchesTracked).toBe(0);
    expect([bn.weight!.data, bn.bias!.data, bn.weight!.grad]).toEqual([gamma, beta, null]);
  });

  test("frozen layers, and those that keep no statistics", () => {
    const [frozen, without, free] = [
      new BatchNorm(C).freeze(),
      new BatchNorm(C, { trackRunningStats: false }),
      new BatchNorm(C),
    ];
    const model = new Sequential(frozen, without, free);
    const before = snapshot(frozen);
    estimatePopulation(model, [gaussianTensor(1, [6, C], 4)]);
    expect(snapshot(frozen)).toBe(before);
    expect(free.runningVar!.data[0]).toBeCloseTo(6 / 5, 4);
  });

  test("moving averages at work afterwards", () => {
    const [bn, other] = [layer(), layer()];
    estimatePopulation(bn, shapesOf([4, 4]));
    other.loadStateDict(bn.stateDict());
    const x = gaussianTensor(9, [5, C, 3], 3);
    bn.forward(x);
    other.forward(x);
    expect(snapshot(bn)).toBe(snapshot(other));
    expect(bn.numBatchesTracked).toBe(1);
  });
});

/** Has a layer which it does not use. */
class Detour extends Module {
  readonly unused = new BatchNorm(C);

  override compose(x: Value): Value {
    return x;
  }
}

describe("a model with Dropout", () => {
  test("gets the statistics of what its batch norms see in eval mode", () => {
    const model = new Sequential(new Dropout(0.8, { seed: 1 }), new BatchNorm(C));
    const batches = Array.from({ length: 20 }, (_, i) => gaussianTensor(i, [200, C], 3));
    estimatePopulation(model, batches);
    const bn = model.layers[1] as BatchNorm;
    const plain = new BatchNorm(C);
    estimatePopulation(plain, batches);
    expectSame(bn.runningMean!.data, plain.runningMean!.data);
    expectSame(bn.runningVar!.data, plain.runningVar!.data);
    const { data } = model.eval().forward(batches[0]);
    const { mean, variance } = paper.statistics({ outer: 200, channels: C, inner: 1, x: data });
    for (let c = 0; c < C; c++) {
      expect(Math.abs(mean[c])).toBeLessThan(0.2);
      expect(Math.abs(Math.sqrt(variance[c]) - 1)).toBeLessThan(0.1);
    }
  });

  test("goes on in training as if nothing had been estimated", async () => {
    const weights = async (between: (trainer: Trainer) => void) => {
      const trainer = openTrainer(smallNetwork());
      await fitAll(trainer, smallDataset(), { steps: 5, batchSize: 8 });
      between(trainer);
      await fitAll(trainer, smallDataset(), { steps: 20, batchSize: 8 });
      return trainer.model.parameters().map(({ data }) => digest(data));
    };
    const batches = [gaussianTensor(1, [30, 6]), gaussianTensor(2, [30, 6])];
    const estimated = await weights(({ model }) => estimatePopulation(model, batches));
    expect(estimated).toEqual(await weights(() => {}));
  });
});

test("whoever observes a batch norm goes on observing it, and is told nothing of this", () => {
  const bn = layer();
  let told = 0;
  bn.observer = () => told++;
  const { observer } = bn;
  estimatePopulation(bn, shapesOf([8]));
  expect(told).toBe(0);
  expect(bn.observer).toBe(observer);
});

describe("it changes nothing and throws", () => {
  const x = gaussianTensor(1, [6, C]);
  const bn = () => new BatchNorm(C);
  const broken = () => {
    const linear = new Linear(C, C);
    linear.weight.data[0] = Number.NaN;
    return linear;
  };
  const wrong: [string, Layer, Iterable<Tensor>, string][] = [
    ["without batches", bn(), [], "E_BATCH"],
    ["for a model without batch norm", new Sequential(new Sigmoid()), [x], "E_VALUE"],
    ["for a model whose batch norms are frozen", bn().freeze(), [x], "E_VALUE"],
    ["where a batch norm is not reached", new Sequential(bn(), new Detour()), [x], "E_STATE"],
    ["where the third batch has other channels", bn(), [x, x, gaussianTensor(1, [6, C + 1])], "E_SHAPE"],
    ["where the second batch has one value a channel", bn(), [x, gaussianTensor(1, [1, C])], "E_BATCH"],
    ["where a channel is NaN", bn(), [gaussianTensor(1, [6, C], Number.NaN)], "E_VALUE"],
    ["where one is NaN after the first batch norm", new Sequential(bn(), broken(), bn()), [x], "E_VALUE"],
  ];
  test.each(wrong)("%s", (_, model, batches, code) => {
    model.eval();
    const before = snapshot(model);
    expect(() => estimatePopulation(model, batches)).toThrow(expect.objectContaining({ code }));
    expect(snapshot(model)).toBe(before);
    expect([...model.modules()].some((l) => l.training)).toBe(false);
    const norms = [...model.modules()].filter((l) => l instanceof BatchNorm);
    expect(norms.every(({ observer }) => observer === null)).toBe(true);
  });

  test("where the batches themselves fail, with their own error", () => {
    const model = bn();
    const before = snapshot(model);
    function* batches() {
      yield x;
      throw new Error("disk on fire");
    }
    expect(() => estimatePopulation(model, batches())).toThrow("disk on fire");
    expect(snapshot(model)).toBe(before);
    expect(model.observer).toBeNull();
  });
});
