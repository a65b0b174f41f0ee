/** State dicts under PyTorch's names: all of one is loaded, or nothing. */
import { BatchNorm, Linear, Sequential, Sigmoid, type StateInput } from "batchnorm";
import { describe, expect, test } from "vitest";
import { expectSame, gaussianTensor, setAffine, snapshot } from "../support/layers.ts";

function trained(seed: number): BatchNorm {
  const bn = new BatchNorm(4);
  setAffine(bn, seed);
  for (let i = 0; i < 3; i++) bn.forward(gaussianTensor(seed + i, [6, 4], i));
  return bn;
}

test("names, order and shapes are PyTorch's", () => {
  const dict = trained(1).stateDict();
  expect(Object.entries(dict).map(([name, { shape, data }]) => [name, shape, data.length])).toEqual([
    ["weight", [4], 4],
    ["bias", [4], 4],
    ["running_mean", [4], 4],
    ["running_var", [4], 4],
    ["num_batches_tracked", [], 1],
  ]);
  expect(dict.num_batches_tracked.data[0]).toBe(3);
});

test("a model's are those of nn.Sequential, one within another too", () => {
  const model = new Sequential(
    new Linear(3, 4, { bias: false }),
    new BatchNorm(4),
    new Sequential(new Sigmoid(), new BatchNorm(4, { affine: false })),
  );
  const running = ["running_mean", "running_var", "num_batches_tracked"];
  const names = ["0.weight", "1.weight", "1.bias", ...running.map((n) => `1.${n}`), ...running.map((n) => `2.1.${n}`)];
  expect(Object.keys(model.stateDict())).toEqual(names);
  expect(model.namedParameters().map(([name]) => name)).toEqual(["0.weight", "1.weight", "1.bias"]);
});

test("a round trip makes another layer the same, to the bit, running statistics and counter included", () => {
  const [from, to] = [trained(1), new BatchNorm(4)];
  expect(to.loadStateDict(from.stateDict())).toEqual({ missing: [], unexpected: [] });
  expect(snapshot(to)).toBe(snapshot(from));
  const x = gaussianTensor(9, [5, 4]);
  expectSame(to.eval().forward(x).data, from.eval().forward(x).data);
  expect(to.numBatchesTracked).toBe(3);
});

test("a state dict is a copy: training on does not change it, and changing it does not change the layer", () => {
  const bn = trained(1);
  const dict = bn.stateDict();
  const before = snapshot(bn);
  dict.weight.data.fill(7);
  expect(snapshot(bn)).toBe(before);
  const mean = dict.running_mean.data.slice();
  bn.forward(gaussianTensor(2, [6, 4], 5));
  expectSame(dict.running_mean.data, mean);
  const loaded = new BatchNorm(4);
  loaded.loadStateDict(dict);
  loaded.runningMean!.data.fill(1);
  expectSame(dict.running_mean.data, mean);
});

test("plain arrays and 64-bit integers are taken too", () => {
  const bn = new BatchNorm(2);
  bn.loadStateDict({
    weight: { shape: [2], data: [1.5, 2] },
    bias: { shape: [2], data: Float64Array.of(0.1, -1) },
    running_mean: { shape: [2], data: Int32Array.of(3, 4) },
    running_var: { shape: [2], data: [5, 0] },
    num_batches_tracked: { shape: [], data: BigInt64Array.of(1234567n) },
  });
  expect([...bn.bias!.data]).toEqual([Math.fround(0.1), -1]);
  expect([...bn.runningVar!.data]).toEqual([5, 0]);
  expect(bn.numBatchesTracked).toBe(1234567);
});

test("without num_batches_tracked, as before PyTorch 0.4.1, the counter is 0", () => {
  const { num_batches_tracked: _, ...dict } = trained(1).stateDict();
  const bn = trained(2);
  expect(bn.loadStateDict(dict)).toEqual({ missing: [], unexpected: [] });
  expect(bn.numBatchesTracked).toBe(0);
  expectSame(bn.runningMean!.data, dict.running_mean.data);
});

describe("a dict that does not fit changes nothing", () => {
  const entry = (shape: number[], data: number[]) => ({ shape, data });
  const wrong: [string, StateInput, string, string][] = [
    [
      "another shape",
      { bias: entry([5], [1, 2, 3, 4, 5]) },
      "E_SHAPE",
      "expected bias of shape [4], got [5] with 5 values",
    ],
    [
      "another rank",
      { bias: entry([2, 2], [1, 2, 3, 4]) },
      "E_SHAPE",
      "expected bias of shape [4], got [2, 2] with 4 values",
    ],
    [
      "too few values",
      { running_mean: entry([4], [1]) },
      "E_SHAPE",
      "expected running_mean of shape [4], got [4] with 1 values",
    ],
    [
      "a negative variance",
      { running_var: entry([4], [1, 1, 1, -1]) },
      "E_VALUE",
      "expected variances of at least 0 in running_var, got -1",
    ],
    [
      "a variance that is NaN",
      { running_var: entry([4], [1, 1, 1, Number.NaN]) },
      "E_VALUE",
      "in running_var, got NaN",
    ],
    [
      "a count of batches of -1",
      { num_batches_tracked: entry([], [-1]) },
      "E_VALUE",
      "expected a whole number of batches, at least 0, in num_batches_tracked, got -1",
    ],
    [
      "a count of batches of 1.5",
      { num_batches_tracked: entry([], [1.5]) },
      "E_VALUE",
      "expected a whole number of batches, at least 0, in num_batches_tracked, got 1.5",
    ],
    [
      "a count of batches of NaN",
      { num_batches_tracked: entry([], [Number.NaN]) },
      "E_VALUE",
      "expected a whole number of batches, at least 0, in num_batches_tracked, got NaN",
    ],
    ["a name too many", { scale: entry([4], [1, 1, 1, 1]) }, "E_DICT", "it has scale, which the model has not"],
  ];
  test.each(wrong)("%s", (_, change, code, message) => {
    const bn = trained(1);
    const before = snapshot(bn);
    const dict = { ...trained(2).stateDict(), ...change };
    expect(() => bn.loadStateDict(dict)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) }),
    );
    expect(snapshot(bn)).toBe(before);
  });

  test("names too few, all of them said at once", () => {
    const { weight: _w, running_var: _v, ...dict } = trained(2).stateDict();
    const bn = trained(1);
    const before = snapshot(bn);
    expect(() => bn.loadStateDict(dict)).toThrow(
      "[loadStateDict] expected a state dict with the model's names, but it lacks weight, running_var",
    );
    expect(snapshot(bn)).toBe(before);
  });

  test("one wrong array at the end of a model leaves its first layers as they were", () => {
    const model = new Sequential(new Linear(4, 4), trained(1), trained(2));
    const before = snapshot(model);
    const dict: StateInput = { ...new Sequential(new Linear(4, 4), trained(3), trained(4)).stateDict() };
    dict["2.running_var"] = entry([4], [1, 1, -1, 1]);
    expect(() => model.loadStateDict(dict)).toThrow(expect.objectContaining({ code: "E_VALUE" }));
    expect(() => model.loadStateDict(dict, { strict: false })).toThrow(expect.objectContaining({ code: "E_VALUE" }));
    expect(snapshot(model)).toBe(before);
  });
});

test("strict: false loads what fits by name and reports the rest", () => {
  const bn = trained(1);
  const { weight: _, ...dict } = trained(2).stateDict();
  const gamma = bn.weight!.data.slice();
  const report = bn.loadStateDict({ ...dict, extra: { shape: [], data: [1] } }, { strict: false });
  expect(report).toEqual({ missing: ["weight"], unexpected: ["extra"] });
  expectSame(bn.weight!.data, gamma);
  expectSame(bn.runningVar!.data, dict.running_var.data);
});

test("strict: false leaves layers that the dict does not mention as they were, their counters too", () => {
  const model = new Sequential(trained(1), trained(2));
  const before = snapshot(model.layers[1]);
  const { num_batches_tracked: _, ...dict } = trained(3).stateDict();
  const first = Object.fromEntries(Object.entries(dict).map(([name, entry]) => [`0.${name}`, entry]));
  const { missing } = model.loadStateDict(first, { strict: false });
  expect(missing).toEqual(["1.weight", "1.bias", "1.running_mean", "1.running_var"]);
  expect(snapshot(model.layers[1])).toBe(before);
  expect((model.layers[0] as BatchNorm).numBatchesTracked).toBe(0);
});
