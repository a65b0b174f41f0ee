/** Losses and their gradients against float64. */
import { crossEntropy, type Device, type Loss, meanSquaredError } from "batchnorm";
import { expect, it } from "vitest";
import { Scene } from "#dist/plan/scene.js";
import { fetchSpan } from "#dist/plan/step.js";
import { integers, largestDifference, normals } from "../support/data.ts";
import { onEveryDevice } from "../support/devices.ts";
import { refuses } from "../support/refusal.ts";

interface Case {
  readonly loss: Loss;
  readonly shape: readonly number[];
  readonly output: ArrayLike<number>;
  readonly targets: ArrayLike<number> | ArrayLike<bigint>;
  /** Of a batch of how many examples the output is a share; default: of its own. */
  readonly total?: number;
}

/** The loss of a model's output, how much is right, the sums of both, and the output's gradient. */
async function run(device: Device, { loss, shape, output, targets, total = shape[0] }: Case, runs = 1) {
  const scene = new Scene(device);
  scene.state.share = { first: 0, count: shape[0], total };
  const size = shape.reduce((a, b) => a * b, 1);
  const at = scene.place(Float32Array.from(output));
  const grad = scene.words(size);
  const bound = loss.bind(scene, { shape, size, at }, grad);
  bound.load(targets);
  for (let i = 0; i < runs; i++) scene.run();
  const [mean, correct, ...sums] = await fetchSpan(device, { place: bound.result, type: "f64", count: 4 });
  const gradient = await fetchSpan(device, { place: grad, type: "f32", count: size });
  scene.release();
  return { loss: mean, correct, sums, grad: gradient };
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

function expectClose(
  given: Awaited<ReturnType<typeof run>>,
  expected: ReturnType<typeof crossEntropy64>,
  gradScale: number,
) {
  expect(given.correct).toBe(expected.correct);
  expect(Math.abs(given.loss - expected.loss)).toBeLessThan(1e-6 * Math.max(1, Math.abs(expected.loss)));
  expect(largestDifference(given.grad, expected.grad)).toBeLessThan(1e-6 * gradScale);
}

onEveryDevice(({ device }) => {
  it.each([
    [1, 1],
    [7, 2],
    [60, 10],
    [33, 31],
    [5, 1000],
  ])("crossEntropy of %i rows and %i classes is the mean of −log softmax, with its gradient", async (rows, classes) => {
    const logits = normals(rows, rows * classes, 0, 3);
    const labels = integers(classes, rows, classes);
    const given = await run(device, { loss: crossEntropy(), shape: [rows, classes], output: logits, targets: labels });
    expectClose(given, crossEntropy64(rows, classes, logits, labels), 1 / rows);
  });

  it.each([1e4, -1e4, 3e38])("crossEntropy of logits around %f neither overflows nor loses the loss", async (size) => {
    const logits = Float32Array.from([size, 0, -size, 0, size, 0, 0, 0, 0]);
    const labels = [0, 1, 2];
    const given = await run(device, { loss: crossEntropy(), shape: [3, 3], output: logits, targets: labels });
    expectClose(given, crossEntropy64(3, 3, logits, labels), 1);
  });

  it("crossEntropy counts the first of equal logits as the one on top", async () => {
    const equal = { shape: [3, 4], output: new Float32Array(12), targets: [0, 1, 3] };
    const { loss, correct } = await run(device, { loss: crossEntropy(), ...equal });
    expect(correct).toBe(1);
    expect(loss).toBeCloseTo(Math.log(4), 6);
  });

  it.each([1, 4, 37, 70_000])("meanSquaredError of %i values is their mean, with its gradient", async (count) => {
    const y = normals(count, count);
    const target = normals(count + 1, count);
    const given = await run(device, { loss: meanSquaredError(), shape: [count, 1], output: y, targets: target });
    const errors = Float64Array.from(y, (v, i) => v - target[i]);
    const loss = errors.reduce((sum, e) => sum + e * e, 0) / count;
    expectClose(given, { loss, correct: 0, grad: errors.map((e) => (2 * e) / count) }, 4 / count);
  });

  it("crossEntropy counts no example with a logit of NaN as right, whatever its label", async () => {
    const output = [Number.NaN, 0, 1, 0, Number.NaN, 1, 0, 1, 2];
    for (const label of [0, 1, 2]) {
      const targets = [label, label, 2];
      const { loss, correct } = await run(device, { loss: crossEntropy(), shape: [3, 3], output, targets });
      expect(correct).toBe(1);
      expect(loss).toBeNaN();
    }
  });

  it("crossEntropy takes labels of 64 bits", async () => {
    const [rows, classes] = [7, 4];
    const output = normals(1, rows * classes);
    const labels = integers(2, rows, classes);
    const given = { loss: crossEntropy(), shape: [rows, classes], output };
    const plain = await run(device, { ...given, targets: labels });
    for (const targets of [BigInt64Array.from(labels, BigInt), Array.from(labels, BigInt)]) {
      expect(await run(device, { ...given, targets })).toEqual(plain);
    }
  });

  it.each<[string, Loss, number[]]>([
    ["crossEntropy", crossEntropy(), [0, 2, 1, 1]],
    ["meanSquaredError", meanSquaredError(), Array.from(normals(3, 12))],
  ])(
    "%s of a share is its part of the whole batch's, and sums weigh a batch by its examples",
    async (_name, loss, targets) => {
      const given = { loss, shape: [4, 3], output: normals(1, 12), targets };
      const whole = await run(device, given);
      expect(whole.sums).toEqual([4 * whole.loss, whole.correct]);
      const part = await run(device, { ...given, total: 16 });
      expect(part.loss).toBeCloseTo(whole.loss / 4, 14);
      expect(part.grad).toEqual(whole.grad.map((value) => value / 4));
      const { sums } = await run(device, given, 3);
      expect(sums).toEqual([3 * 4 * whole.loss, 3 * whole.correct].map((sum) => expect.closeTo(sum, 12)));
    },
  );

  it("refuse targets that do not fit", () => {
    const scene = new Scene(device);
    const at = scene.words(12);
    const bind = (loss: Loss, shape: number[]) => loss.bind(scene, { shape, size: 12, at }, null);
    const classes = bind(crossEntropy(), [4, 3]);
    refuses(() => classes.load([0, 1, 2]), "E_SHAPE", "[crossEntropy] expected 4 labels, got 3");
    refuses(
      () => classes.load([0, 1, 2, 3]),
      "E_LABEL",
      "[crossEntropy] expected labels from 0 to 2, got 3 at example 3",
    );
    refuses(() => classes.load([0n, 1n, -1n, 2n]), "E_LABEL", "got -1 at example 2");
    refuses(() => bind(crossEntropy(), [2, 2, 3]), "E_SHAPE", "expected logits [N, classes]", "got shape [2, 2, 3]");
    const values = bind(meanSquaredError(), [4, 3]);
    refuses(() => values.load([0, 1, 2, 3]), "E_SHAPE", "[meanSquaredError] expected 12 target values, got 4");
    scene.release();
  });
});
