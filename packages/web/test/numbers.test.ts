/** The small computations behind the pictures. */
import { batchNormBackward, batchNormForward } from "batchnorm";
import { describe, expect, it } from "vitest";
import { lastStep, reachOf } from "../src/charts/scales.ts";
import { centred } from "../src/data/centre.ts";
import { IMAGE_SIZE, parseDigits, SIDE, unpackImages } from "../src/data/digits.ts";
import { normalize } from "../src/network/algorithm.ts";
import { BINS, percentilesOf, REACH, spreadOf } from "../src/network/spread.ts";
import { nextMeasurement } from "../src/worker/cadence.ts";
import { Pace } from "../src/worker/pace.ts";

describe("batch norm under the glass", () => {
  const inputs = [-3.4, -2.3, -1.2, -0.2, 1.1];
  const targets = [-0.8, 0.9, 0, 2.8, 1.9];
  const gamma = Float32Array.of(1.5);
  const beta = Float32Array.of(-0.25);

  it.each([true, false])("is the library's, with gradients through the statistics: %s", (throughStatistics) => {
    const steps = normalize(inputs, targets, { gamma: 1.5, beta: -0.25, throughStatistics });
    const x = Float32Array.from(inputs);
    const forward = batchNormForward(x, { shape: [5, 1], gamma, beta });
    expect(steps.mean).toBeCloseTo(forward.mean[0], 6);
    expect(steps.variance).toBeCloseTo(forward.variance[0], 6);
    for (const [i, y] of forward.y.entries()) expect(steps.outputs[i]).toBeCloseTo(y, 5);
    const dy = Float32Array.from(steps.outputGradients);
    const { mean, rstd } = forward;
    const options = { shape: [5, 1], gamma, mean, rstd, batchStatistics: throughStatistics };
    const { dx, dgamma, dbeta } = batchNormBackward(dy, x, options);
    for (const [i, gradient] of dx.entries()) expect(steps.inputGradients[i]).toBeCloseTo(gradient, 4);
    expect(steps.gammaGradient).toBeCloseTo(dgamma[0], 4);
    expect(steps.betaGradient).toBeCloseTo(dbeta[0], 4);
  });

  it("leaves no gradient for a bias before it", () => {
    const { inputGradients } = normalize(inputs, targets, { gamma: 1, beta: 0, throughStatistics: true });
    expect(inputGradients.reduce((sum, value) => sum + value, 0)).toBeCloseTo(0, 12);
  });
});

describe("a spread", () => {
  it("counts values in bins and beyond", () => {
    const { shares, beyond, mean, deviation } = spreadOf(
      Float32Array.of(-100, -REACH, 0, 0, REACH - 0.01, 60, Number.NaN, 0),
    );
    expect([shares[0], shares[BINS / 2], shares[BINS - 1], beyond]).toEqual([1 / 8, 3 / 8, 1 / 8, 3 / 8]);
    expect(mean).toBeNaN();
    expect(deviation).toBeNaN();
  });

  it("has mean and deviation", () => {
    const { mean, deviation } = spreadOf(Float32Array.of(1, 3));
    expect([mean, deviation]).toEqual([2, 1]);
  });

  it("has percentiles", () => {
    expect(percentilesOf(Float32Array.from({ length: 101 }, (_, i) => 100 - i))).toEqual([15, 50, 85]);
  });
});

describe("digits", () => {
  it("come as bits", () => {
    const bytes = new Uint8Array(8 + 2 + 2 * 98);
    bytes.set([1, 0, 0, 0, 1, 0, 0, 0, 3, 9]);
    bytes[8 + 2 + 98] = 0b101;
    const digits = parseDigits(bytes);
    expect([...digits.labels]).toEqual([3, 9]);
    expect(unpackImages(digits, 0, 1).some((pixel) => pixel > 0)).toBe(false);
    expect([...unpackImages(digits, 1, 2).subarray(0, 4)]).toEqual([1, 0, 1, 0]);
  });

  it.each([0, 7, 8, 205, 207])("of %i bytes are damaged", (length) => {
    const bytes = new Uint8Array(length);
    bytes.set([1, 0, 0, 0, 1, 0, 0, 0].slice(0, length));
    expect(() => parseDigits(bytes)).toThrow(/The file of digits is damaged/);
  });

  it("are centred and fill the box", () => {
    const drawn = new Uint8Array(IMAGE_SIZE);
    for (let row = 2; row < 7; row++) for (let column = 1; column < 4; column++) drawn[row * SIDE + column] = 1;
    const inked = [...centred(drawn).entries()]
      .filter(([, pixel]) => pixel)
      .map(([i]) => [i % SIDE, Math.floor(i / SIDE)]);
    const [columns, rows] = [0, 1].map((axis) => inked.map((place) => place[axis]));
    expect([Math.min(...columns), Math.max(...columns)]).toEqual([8, 19]);
    expect([Math.min(...rows), Math.max(...rows)]).toEqual([4, 23]);
  });
});

it("measurements are many at first, and the same whenever one asks", () => {
  expect([0, 9, 10, 199, 200, 990, 1000, 4000, 4001].map(nextMeasurement)).toEqual([
    10, 10, 20, 200, 220, 1000, 1100, 4200, 4200,
  ]);
});

it("pace is that of the last second", () => {
  const pace = new Pace();
  expect(pace.at(0, 0)).toBe(0);
  expect(pace.at(100, 500)).toBe(200);
  expect(pace.at(1100, 1500)).toBe(1000);
  pace.reset();
  expect(pace.at(1100, 9000)).toBe(0);
});

it("axes end at round numbers", () => {
  expect([0, 100, 101, 480, 5001].map(lastStep)).toEqual([100, 100, 200, 500, 10_000]);
  expect([[], [-1.5], [3], [-7], [1000]].map(reachOf)).toEqual([2, 2, 5, 10, 20]);
});
