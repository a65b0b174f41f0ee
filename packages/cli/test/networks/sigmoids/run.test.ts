import { Dataset, Sequential, SGD, Sigmoid, Trainer, tensor } from "batchnorm";
import { mnistNetwork } from "batchnorm/models";
import { beforeAll, expect, test } from "vitest";
import { loadMnist } from "#dist/datasets/mnist.js";
import type { SharedData, SharedImages } from "#dist/datasets/shared.js";
import { percentiles } from "#dist/networks/sigmoids/percentiles.js";
import { kind } from "#dist/networks/sigmoids/run.js";
import { sigmoidsSpec } from "#dist/networks/sigmoids/settings.js";
import type { SigmoidsSpec } from "#dist/networks/sigmoids/spec.js";
import { loadSmall } from "../../support/mnist.ts";
import { alone, noting } from "../../support/runs.ts";

let mnist: SharedData;
beforeAll(async () => {
  mnist = await loadSmall(loadMnist);
});

function spec(choices: Partial<SigmoidsSpec> = {}): SigmoidsSpec {
  return {
    ...sigmoidsSpec(mnist, { batchNorm: true, learningRate: 0.3, sigma: 0.1, steps: 120, seed: 3 }),
    hidden: [20, 12],
    ...choices,
  };
}

const train = (spec: SigmoidsSpec, data: SharedData = mnist) => kind.carryOut(spec, data, alone());

test("measures at the steps asked for, and learns", async () => {
  const { context, steps: reported } = noting();
  const measureAt = [10, 50, 120];
  const { points, divergedAt } = await kind.carryOut(spec({ measureAt }), mnist, context);
  expect(points.map((point) => point.step)).toEqual(measureAt);
  expect(divergedAt).toBeNull();
  expect(points.at(-1)?.accuracy.test).toBeGreaterThan(0.9);
  expect(points[0]?.loss).toBeGreaterThan(points.at(-1)?.loss as number);
  expect(reported).toEqual([50, 100, 120]);
});

test("the same spec gives the same numbers, another seed others", async () => {
  const [first, second, other] = await Promise.all(
    [3, 3, 4].map((seed) => train(spec({ seed, watchedUnit: 5, measureAt: [60, 120] }))),
  );
  expect(second?.points).toEqual(first?.points);
  expect(other?.points).not.toEqual(first?.points);
});

test.each([true, false])("measuring on the way does not change the training (batch norm: %s)", async (batchNorm) => {
  const often = await train(spec({ batchNorm, measureAt: [10, 20, 30, 40, 120], watchedUnit: 1 }));
  const once = await train(spec({ batchNorm, watchedUnit: 1 }));
  expect(often.points.at(-1)?.percentiles).toEqual(once.points.at(-1)?.percentiles);
  expect(often.points.at(-1)?.accuracy).toEqual(once.points.at(-1)?.accuracy);
});

test.each([true, false])(
  "watches the input of the named sigmoid of the last hidden layer (batch norm: %s)",
  async (batchNorm) => {
    const { points } = await train(spec({ batchNorm, watchedUnit: 7 }));

    const model = mnistNetwork({ batchNorm, hidden: [20, 12], activation: "sigmoid", sigma: 0.1, seed: 3 });
    const trainer = new Trainer(model, { optimizer: new SGD({ lr: 0.3 }), threads: 1, seed: 3 });
    const data = (part: SharedImages) => new Dataset({ data: part.images, shape: [784], labels: part.labels });
    await trainer.fit(data(mnist.train), { steps: 120, batchSize: 60, every: 120 });
    await trainer.close();
    const [first, last] = model.hidden;
    const before = new Sequential(first, ...last.layers.filter((layer) => !(layer instanceof Sigmoid))).eval();
    const input = before.forward(tensor(Float32Array.from(mnist.test.images), [mnist.test.length, 784]));
    expect(input.shape).toEqual([200, 12]);
    const unit = Float32Array.from({ length: 200 }, (_, row) => input.data[row * 12 + 7] as number);
    const expected = percentiles(unit, [0.15, 0.5, 0.85]);
    points.at(-1)?.percentiles?.forEach((value, index) => {
      expect(value).toBeCloseTo(expected[index] as number, 4);
    });
    expect(points.at(-1)?.percentiles).toHaveLength(3);
  },
);

test("held-out images are not learned from", async () => {
  // The held-out sixth has wrong labels: whoever learns from the others alone gets them all wrong.
  const labels = mnist.train.labels.map((label, index) => (index < 500 ? label : (label + 1) % 10));
  const spoiled = { ...mnist, train: { ...mnist.train, labels } };
  const { points } = await train(
    spec({ trainOn: "all-but-held-out", measureOn: ["held-out", "test"], steps: 300, measureAt: [300] }),
    spoiled,
  );
  expect(points.at(-1)?.accuracy.test).toBeGreaterThan(0.9);
  expect(points.at(-1)?.accuracy["held-out"]).toBeLessThan(0.1);
});

test("a run whose loss overflows ends there, is measured once more and says so", async () => {
  const { points, divergedAt } = await train(
    spec({ batchNorm: false, learningRate: 1e38, steps: 500, measureAt: [500] }),
  );
  expect(divergedAt).toBeLessThan(500);
  expect(points).toHaveLength(1);
  expect(points[0]).toMatchObject({ step: divergedAt, loss: null });
  expect(points[0]?.accuracy.test).toBeLessThan(0.3);
});
