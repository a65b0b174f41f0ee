import { Dropout, ones, randn, tensor } from "batchnorm";
import { describe, expect, it } from "vitest";

const x = ones([200, 50]);
const zerosIn = (values: Float32Array) => values.reduce((sum, v) => sum + (v === 0 ? 1 : 0), 0);

describe("Dropout", () => {
  it.each([0.1, 0.5, 0.9])("in training drops about a share of %f and divides the rest by 1 − p", (p) => {
    const { data } = new Dropout(p, { seed: 1 }).forward(x);
    expect(new Set(data)).toEqual(new Set([0, Math.fround(1 / (1 - p))]));
    // Ten thousand values: four standard deviations.
    expect(Math.abs(zerosIn(data) / 10_000 - p)).toBeLessThan(4 * Math.sqrt((p * (1 - p)) / 10_000));
  });

  it("gives its input in eval mode, and gradients as they are", () => {
    const layer = new Dropout(0.5, { seed: 1 }).eval();
    const input = randn([7, 9], { seed: 2 });
    const dy = randn([7, 9], { seed: 3 });
    expect(layer.forward(input).data).toEqual(input.data);
    expect(layer.backward(dy).data).toEqual(dy.data);
  });

  it("lets gradients through where it let values through, scaled alike", () => {
    const layer = new Dropout(0.5, { seed: 1 });
    const { data: y } = layer.forward(ones([40, 10]));
    const dy = randn([40, 10], { seed: 3 });
    expect(zerosIn(y)).toBeGreaterThan(0);
    expect(layer.backward(dy).data).toEqual(dy.data.map((v, i) => (y[i] === 0 ? 0 : v * y[i])));
  });

  it("draws another mask each time, the same ones for the same seed", () => {
    const draw = (seed: number) => {
      const layer = new Dropout(0.5, { seed });
      return [layer.forward(x).data, layer.forward(x).data, layer.forward(x).data].map(String);
    };
    expect(new Set(draw(1)).size).toBe(3);
    expect(draw(1)).toEqual(draw(1));
    expect(draw(2)[0]).not.toEqual(draw(1)[0]);
  });

  it("drops nothing at p = 0", () => {
    const input = randn([7, 9], { seed: 2 });
    expect(new Dropout(0).forward(input).data).toEqual(input.data);
  });

  it("drops NaN as any other value, and keeps it where it keeps the others", () => {
    const { data } = new Dropout(0.5, { seed: 4 }).forward(tensor(new Float32Array(64).fill(Number.NaN), [1, 64]));
    expect(data.some(Number.isNaN)).toBe(true);
    expect(zerosIn(data)).toBeGreaterThan(0);
  });
});
