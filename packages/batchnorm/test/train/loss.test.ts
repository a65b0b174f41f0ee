/** Losses and their gradients against float64. */
import { crossEntropy, type Loss, meanSquaredError } from "batchnorm";
import { describe, expect, it } from "vitest";
import { Arena } from "#dist/engine/arena.js";
import { Engine } from "#dist/engine/engine.js";
import { Plan } from "#dist/layers/plan.js";
import { builds, type TestedBuild } from "../support/builds.ts";
import { integers, largestDifference, normals } from "../support/data.ts";

/** The loss of a model's output, and its gradient. */
function run(build: TestedBuild, loss: Loss, shape: number[], output: ArrayLike<number>, targets: ArrayLike<number>) {
  const engine = new Engine({ build });
  const plan = new Plan(engine, new Arena(engine.memory), {
    differentiable: true,
    slotOf: () => ({ value: 0, grad: 0 }),
  });
  const value = plan.value(shape);
  const bound = loss.bind(plan, value);
  engine.memory.f32.set(output, value.at >> 2);
  bound.load(targets);
  bound.run();
  const grad = engine.memory.f32.slice(value.grad >> 2, (value.grad >> 2) + value.size);
  return { loss: bound.loss, correct: bound.correct, grad };
}

function crossEntropy64(rows: number, classes: number, logits: ArrayLike<number>, labels: ArrayLike<number>) {
  let loss = 0;
  let correct = 0;
  const grad = new Float64Array(rows * classes);
  for (let r = 0; r < rows; r++) {
    const row = Array.from({ length: classes }, (_, c) => logits[r * classes + c]);
    const most = Math.max(...row);
    const powers = row.map((v) => Math.exp(v - most));
    const sum = powers.reduce((a, b) => a + b);
    loss += (Math.log(sum) + most - row[labels[r]]) / rows;
    if (row.indexOf(most) === labels[r]) correct++;
    for (let c = 0; c < classes; c++) {
      grad[r * classes + c] = (powers[c] / sum - (c === labels[r] ? 1 : 0)) / rows;
    }
  }
  return { loss, correct, grad };
}

function expectClose(given: ReturnType<typeof run>, expected: ReturnType<typeof crossEntropy64>, gradScale: number) {
  expect(given.correct).toBe(expected.correct);
  expect(Math.abs(given.loss - expected.loss)).toBeLessThan(1e-6 * Math.max(1, Math.abs(expected.loss)));
  expect(largestDifference(given.grad, expected.grad)).toBeLessThan(1e-6 * gradScale);
}

describe.each(builds)("on %s", (build) => {
  it.each([
    [1, 1],
    [7, 2],
    [60, 10],
    [33, 31],
    [5, 1000],
  ])("crossEntropy of %i rows and %i classes is the mean of −log softmax, with its gradient", (rows, classes) => {
    const logits = normals(rows, rows * classes, 0, 3);
    const labels = integers(classes, rows, classes);
    const given = run(build, crossEntropy(), [rows, classes], logits, labels);
    expectClose(given, crossEntropy64(rows, classes, logits, labels), 1 / rows);
  });

  it.each([1e4, -1e4, 3e38])("crossEntropy of logits around %f neither overflows nor loses the loss", (size) => {
    const logits = Float32Array.from([size, 0, -size, 0, size, 0, 0, 0, 0]);
    const labels = [0, 1, 2];
    const given = run(build, crossEntropy(), [3, 3], logits, labels);
    expectClose(given, crossEntropy64(3, 3, logits, labels), 1);
  });

  it("crossEntropy counts the first of equal logits as the one on top", () => {
    const { loss, correct } = run(build, crossEntropy(), [3, 4], new Float32Array(12), [0, 1, 3]);
    expect(correct).toBe(1);
    expect(loss).toBeCloseTo(Math.log(4), 6);
  });

  it.each([1, 4, 37, 70_000])("meanSquaredError of %i values is their mean, with its gradient", (count) => {
    const y = normals(count, count);
    const target = normals(count + 1, count);
    const given = run(build, meanSquaredError(), [count, 1], y, target);
    const errors = Float64Array.from(y, (v, i) => v - target[i]);
    const loss = errors.reduce((sum, e) => sum + e * e, 0) / count;
    expectClose(given, { loss, correct: 0, grad: errors.map((e) => (2 * e) / count) }, 4 / count);
  });
});
