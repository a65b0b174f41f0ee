import { beforeAll, expect, test } from "vitest";
import { loadMnist, type Mnist } from "#dist/datasets/mnist.js";
import { runDrift } from "#dist/runs/drift.js";
import type { DriftSpec } from "#dist/runs/spec.js";
import { loadSmall } from "./support.ts";

let mnist: Mnist;
beforeAll(async () => {
  mnist = await loadSmall(loadMnist);
});

function drift(statistics: DriftSpec["statistics"], learns: DriftSpec["learns"]) {
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
  return runDrift(spec, mnist, () => {}).points.map(({ step, loss, biasNorm }) => ({
    step,
    loss: loss as number,
    biasNorm: biasNorm as number,
  }));
}

test("with statistics as constants the bias grows step by step and the loss stays where it was", () => {
  const points = drift("constants", "the bias");
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

test("with statistics differentiated the bias gets no gradient beyond rounding", () => {
  const points = drift("differentiated", "the bias");
  expect(points.at(-1)?.biasNorm).toBeLessThan(1e-4);
  expect(points.at(-1)?.loss).toBeCloseTo(points[0]?.loss as number, 4);
});

test("both forward passes are the same: the first loss agrees, whatever the gradient", () => {
  expect(drift("constants", "everything")[0]?.loss).toBeCloseTo(
    drift("differentiated", "everything")[0]?.loss as number,
    5,
  );
});

test("when everything learns, only the differentiated statistics leave the bias alone", () => {
  const right = drift("differentiated", "everything");
  expect(right.at(-1)?.loss).toBeLessThan((right[0]?.loss as number) / 2);
  expect(right.at(-1)?.biasNorm).toBeLessThan(1e-3);
  expect(drift("constants", "everything").at(-1)?.biasNorm).toBeGreaterThan(0.1);
});
