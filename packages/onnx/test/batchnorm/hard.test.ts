/** Numbers that are hard on float32: the library keeps its bounds, also where onnxruntime loses most of the digits. */
import { describe, expect, test } from "vitest";
import { byFunctions, byLayer, drawn, type Norm, type Values } from "../support/batchnorm.ts";
import { bounds, measure } from "../support/distance.ts";

const shapes = [
  [64, 5],
  [9, 3, 35],
  [4, 7, 9, 9],
];

/** What onnxruntime may be nearer by, where both round but once or twice. */
const ALIKE = 2;

const ordinary = (shape: number[]) => drawn({ shape, seed: 1, center: 0, spread: 1 });
const byChannel = (all: readonly number[], { shape }: Values) => Float32Array.from(all.slice(0, shape[1]));

/** Of x's shape, a number for each channel. */
function perValue(numbers: ArrayLike<number>, { x, shape }: Values): Float32Array {
  const inner = x.length / (shape[0] * shape[1]);
  return x.map((_, i) => numbers[Math.floor(i / inner) % shape[1]]);
}

/** Each channel the same number all over: its mean. */
function constantChannels(shape: number[]): Values {
  const values = ordinary(shape);
  const mean = byChannel([0.1, 1000.1, -7.3, 0, 1e-3, 3, 1e6], values);
  return { ...values, x: perValue(mean, values), mean };
}

function withoutVariance(values: Values): Values {
  return { ...values, variance: new Float32Array(values.shape[1]) };
}

function withGammas(values: Values): Values {
  return { ...values, gamma: byChannel([1e30, -1e30, 1e-30, 0, 3e34, 1, 1e10], values) };
}

const kinds: { what: string; make(shape: number[]): Values }[] = [
  { what: "mean 1e3, deviation 1", make: (shape) => drawn({ shape, seed: 1, center: 1e3, spread: 1 }) },
  { what: "mean 1e5, deviation 1", make: (shape) => drawn({ shape, seed: 1, center: 1e5, spread: 1 }) },
  { what: "mean 1, deviation 1e-3", make: (shape) => drawn({ shape, seed: 1, center: 1, spread: 1e-3 }) },
  { what: "deviation 1e-6, less than √ε", make: (shape) => drawn({ shape, seed: 1, center: 0, spread: 1e-6 }) },
  { what: "mean and deviation 1e15", make: (shape) => drawn({ shape, seed: 1, center: 1e15, spread: 1e15 }) },
  { what: "constant channels", make: constantChannels },
  { what: "running variance 0", make: (shape) => withoutVariance(ordinary(shape)) },
  {
    what: "running variance 0, mean 1e3",
    make: (shape) => withoutVariance(drawn({ shape, seed: 1, center: 1e3, spread: 1 })),
  },
  { what: "huge, tiny and no γ", make: (shape) => withGammas(ordinary(shape)) },
];

const norm = (values: Values): Norm => ({
  ...values,
  opset: 15,
  eps: Math.fround(1e-7),
  momentum: Math.fround(0.9),
});

describe.each(kinds)("$what", ({ make }) => {
  test.each([
    { mode: "inference", training: false },
    { mode: "training", training: true },
  ] as const)("$mode", async ({ mode, training }) => {
    for (const shape of shapes) {
      const { library, runtime } = await measure(norm(make(shape)), training);
      library.forEach((distance, i) => {
        expect(distance, `result ${i} of [${shape}]`).toBeLessThanOrEqual(bounds[mode].exact);
        expect(distance, `result ${i} of [${shape}]`).toBeLessThanOrEqual(Math.max(runtime[i], ALIKE));
      });
    }
  });
});

describe.each(shapes.map((shape) => ({ shape })))("exactly β, shape $shape", ({ shape }) => {
  const isBeta = (values: Values, training: boolean) => {
    for (const by of [byFunctions, byLayer]) {
      expect(by(norm(values), training).y).toEqual(perValue(values.beta, values));
    }
  };

  test("constant channels in training", () => isBeta(constantChannels(shape), true));

  test("channels at their running mean, without variance", () =>
    isBeta(withoutVariance(constantChannels(shape)), false));

  test.each([false, true])("γ of 0, training: %s", (training) => {
    isBeta({ ...ordinary(shape), gamma: new Float32Array(shape[1]) }, training);
  });
});
