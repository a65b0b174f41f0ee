/** What initializers draw: mean, spread and shape of the distribution, and from which seed. */
import { BatchNorm, gaussian, he, type Initializer, initialize, Linear, Sequential, xavier } from "batchnorm";
import { describe, expect, it } from "vitest";
import { sameBytes } from "../support/data.ts";

const inputs = 300;
const outputs = 200;

function drawn(initializer: Initializer, seed = 1): Float32Array {
  const layer = new Linear(inputs, outputs);
  initialize(layer, initializer, { seed });
  return layer.weight.data;
}

/** Over 60,000 values: the mean to 4 standard errors, the deviation to 2 %, and the share within one deviation. */
function expectDistribution(values: Float32Array, std: number, within: number): void {
  const count = values.length;
  const mean = values.reduce((sum, v) => sum + v, 0) / count;
  const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / count;
  expect(Math.abs(mean)).toBeLessThan((4 * std) / Math.sqrt(count));
  expect(Math.abs(Math.sqrt(variance) / std - 1)).toBeLessThan(0.02);
  const share = values.filter((v) => Math.abs(v) < std).length / count;
  expect(Math.abs(share - within)).toBeLessThan(0.01);
}

const NORMAL = 0.6827;
const UNIFORM = 1 / Math.sqrt(3);

describe("initializers", () => {
  it("gaussian is normal with the given deviation", () => expectDistribution(drawn(gaussian(0.3)), 0.3, NORMAL));

  it("he is normal with variance 2 / inputs", () => expectDistribution(drawn(he()), Math.sqrt(2 / inputs), NORMAL));

  it("xavier is uniform on ±√(6 / (inputs + outputs))", () => {
    const values = drawn(xavier());
    const bound = Math.sqrt(6 / (inputs + outputs));
    expectDistribution(values, bound / Math.sqrt(3), UNIFORM);
    expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(Math.fround(bound));
    expect(Math.max(...values)).toBeGreaterThan(0.999 * bound);
  });

  it("give the same for the same seed", () => {
    expect(sameBytes(drawn(he(), 3), drawn(he(), 3))).toBe(true);
    expect(sameBytes(drawn(he(), 3), drawn(he(), 4))).toBe(false);
  });
});

describe("initialize", () => {
  it("draws every matrix anew, makes biases 0 and leaves batch norms alone", () => {
    const model = new Sequential(new Linear(4, 4), new BatchNorm(4), new Sequential(new Linear(4, 4)));
    const { weight, bias } = model.layers[1] as BatchNorm;
    weight!.data.fill(3);
    bias!.data.fill(4);
    initialize(model, gaussian(1), { seed: 1 });
    const state = model.stateDict();
    expect(state["0.weight"].data).not.toEqual(state["2.0.weight"].data);
    for (const name of ["0.bias", "2.0.bias"]) expect([...state[name].data]).toEqual([0, 0, 0, 0]);
    expect([...state["1.weight"].data, ...state["1.bias"].data]).toEqual([3, 3, 3, 3, 4, 4, 4, 4]);
  });

  it("tells an initializer the numbers of inputs and outputs", () => {
    const sizes: number[][] = [];
    initialize(new Linear(2, 1), (...args) => sizes.push(args.slice(0, 2) as number[]), { seed: 1 });
    expect(sizes).toEqual([
      [2, 1],
      [2, 1],
    ]);
  });
});
