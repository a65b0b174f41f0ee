import { beforeAll, expect, test } from "vitest";
import { loadMnist } from "#dist/datasets/mnist.js";
import type { SharedData } from "#dist/datasets/shared.js";
import { kind } from "#dist/experiments/bias-drift/drift.js";
import type { DriftSpec } from "#dist/experiments/bias-drift/spec.js";
import { loadSmall } from "../../support/mnist.ts";
import { alone } from "../../support/runs.ts";

let mnist: SharedData;
beforeAll(async () => {
  mnist = await loadSmall(loadMnist);
});

async function drift(statistics: DriftSpec["statistics"], learns: DriftSpec["learns"]) {
  const spec: DriftSpec = {
    kind: "drift",
    data: mnist.fingerprint,
    statistics,
    learns,
    batches: learns === "the bias" ? "the same" : "every next",
    units: 20,
    learningRate: 0.5,
    batchSize: 120,
    steps: 100,
    measureEvery: 10,
    seed: 2,
  };
  const { points } = await kind.carryOut(spec, mnist, alone());
  return points.map(({ step, loss, biasNorm }) => ({
    step,
    loss: loss as number,
    biasNorm: biasNorm as number,
  }));
}

test("with statistics as constants the bias grows step by step and the loss stays where it was", async () => {
  const points = await drift("constants", "the bias");
  expect(points.map((point) => point.step)).toEqual([0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100]);
  const [first, ...later] = points;
  expect(first?.biasNorm).toBe(0);
  for (const point of later) {
    // The output never changes, so neither does the gradient: the norm grows in proportion to the steps.
    expect(point.biasNorm / point.step).toBeCloseTo((later[0]?.biasNorm as number) / 10, 4);
    expect(point.loss).toBeCloseTo(first?.loss as number, 4);
  }
  expect(points.at(-1)?.biasNorm).toBeGreaterThan(0.1);
});

test("with statistics differentiated the bias gets no gradient beyond rounding", async () => {
  const points = await drift("differentiated", "the bias");
  expect(points.at(-1)?.biasNorm).toBeLessThan(1e-4);
  expect(points.at(-1)?.loss).toBeCloseTo(points[0]?.loss as number, 4);
});

test("both forward passes are the same: the first loss agrees, whatever the gradient", async () => {
  const [wrong] = await drift("constants", "everything");
  const [right] = await drift("differentiated", "everything");
  expect(wrong.loss).toBeCloseTo(right.loss, 5);
});

test("when everything learns, only the differentiated statistics leave the bias alone", async () => {
  const right = await drift("differentiated", "everything");
  expect(right.at(-1)?.loss).toBeLessThan((right[0]?.loss as number) / 2);
  expect(right.at(-1)?.biasNorm).toBeLessThan(1e-3);
  expect((await drift("constants", "everything")).at(-1)?.biasNorm).toBeGreaterThan(0.1);
});
