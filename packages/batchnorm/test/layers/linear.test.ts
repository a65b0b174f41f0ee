import { Linear, manualSeed, randn, tensor } from "batchnorm";
import { describe, expect, it } from "vitest";
import { largestDifference } from "../support/data.ts";
import { onEveryDevice } from "../support/devices.ts";

/** Σ dy·y of y = x·Wᵀ + b, in float64: its derivatives are the gradients. */
function objective(x: Float64Array, weight: Float64Array, bias: Float64Array, dy: Float32Array, sizes: number[]) {
  const [rows, inputs, outputs] = sizes;
  let sum = 0;
  for (let r = 0; r < rows; r++) {
    for (let o = 0; o < outputs; o++) {
      let y = bias[o];
      for (let i = 0; i < inputs; i++) y += x[r * inputs + i] * weight[o * inputs + i];
      sum += dy[r * outputs + o] * y;
    }
  }
  return sum;
}

function centralDifferences(values: Float64Array, f: () => number, h = 1e-3): Float64Array {
  return Float64Array.from(values, (value, i) => {
    values[i] = value + h;
    const above = f();
    values[i] = value - h;
    const below = f();
    values[i] = value;
    return (above - below) / (2 * h);
  });
}

onEveryDevice((run) => {
  it.each([
    [1, 1, 1],
    [5, 7, 3],
    [9, 12, 17],
  ])(
    "has the gradients that central differences give, for %i rows, %i inputs, %i outputs",
    async (rows, inputs, outputs) => {
      manualSeed(rows);
      const layer = new Linear(inputs, outputs);
      const x = randn([rows, inputs], { seed: 1 });
      const dy = randn([rows, outputs], { seed: 2 });
      await run.forward(layer, x);
      const dx = await run.backward(layer, dy);

      const x64 = Float64Array.from(x.data);
      const weight = Float64Array.from(layer.weight.data);
      const bias = Float64Array.from(layer.bias!.data);
      const f = () => objective(x64, weight, bias, dy.data, [rows, inputs, outputs]);
      expect(largestDifference(dx.data, centralDifferences(x64, f))).toBeLessThan(1e-5);
      expect(largestDifference(layer.weight.grad!.data, centralDifferences(weight, f))).toBeLessThan(1e-5);
      expect(largestDifference(layer.bias!.grad!.data, centralDifferences(bias, f))).toBeLessThan(1e-5);
    },
  );

  it("computes x·Wᵀ + b with the weight as [out, in]", async () => {
    const layer = new Linear(2, 3);
    layer.weight.data.set([1, 2, 3, 4, 5, 6]);
    layer.bias!.data.set([10, 20, 30]);
    const y = await run.forward(layer, tensor([1, 10, 2, 0], [2, 2]));
    expect(y.shape).toEqual([2, 3]);
    expect([...y.data]).toEqual([31, 63, 95, 12, 26, 40]);
  });

  it("has no bias where none is asked for", async () => {
    const layer = new Linear(2, 1, { bias: false });
    expect(layer.bias).toBeNull();
    expect(layer.namedParameters().map(([name]) => name)).toEqual(["weight"]);
    layer.weight.data.set([2, 3]);
    expect([...(await run.forward(layer, tensor([1, 1], [1, 2]))).data]).toEqual([5]);
  });

  it("takes any number of dimensions before the last", async () => {
    const layer = new Linear(4, 3);
    const x = randn([2, 5, 4], { seed: 1 });
    const y = await run.forward(layer, x);
    expect(y.shape).toEqual([2, 5, 3]);
    expect(y.data).toEqual((await run.forward(layer, tensor(x.data, [10, 4]))).data);
    expect((await run.forward(layer, tensor(x.data.subarray(0, 4), [4]))).shape).toEqual([3]);
  });
});

describe("Linear", () => {
  it("starts uniform on ±1/√inputs, as PyTorch's does", () => {
    manualSeed(5);
    const { weight, bias } = new Linear(400, 300);
    for (const { data } of [weight, bias!]) {
      const bound = 1 / 20;
      expect(Math.max(...data.map(Math.abs))).toBeLessThanOrEqual(bound);
      expect(Math.max(...data)).toBeGreaterThan(0.97 * bound);
      expect(Math.min(...data)).toBeLessThan(-0.97 * bound);
      const variance = data.reduce((sum, v) => sum + v * v, 0) / data.length;
      expect(variance / (bound ** 2 / 3)).toBeCloseTo(1, 0);
    }
  });
});
