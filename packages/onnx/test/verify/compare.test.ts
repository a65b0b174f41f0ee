import { describe, expect, test, vi } from "vitest";
import { agree, compareModels, type OnnxModel } from "#dist/index.js";
import {
  batchNorm,
  DataType,
  model,
  node,
  parameters,
  random,
  type Spec,
  tensor,
  valueInfoOf,
} from "../support/models.ts";
import { refuses } from "../support/refusal.ts";

/** y = x + k for one number. */
function adding(k: number, shape: Spec["inputs"][string] = [4]): OnnxModel {
  return model({
    inputs: { x: shape },
    outputs: ["y"],
    constants: [tensor("k", [], [k])],
    nodes: [node("Add", "x,k", "y")],
  });
}

describe("the difference", () => {
  test("is the largest of all values, and relative to the largest magnitude", async () => {
    const inputs = { x: { data: Float32Array.of(1, -7, 0, 2), dims: [4] } };
    const comparison = await compareModels(adding(0), adding(0.5), { inputs });
    expect(comparison).toEqual({
      runs: 2,
      shapes: { x: [4] },
      outputs: [{ name: "y", type: "float32", count: 8, absolute: 0.5, largest: 7, relative: 0.5 / 7 }],
      values: [],
    });
  });

  test("is none between a model and itself, NaN and infinities included", async () => {
    const log = model({ inputs: { x: [3] }, outputs: ["y"], nodes: [node("Log", "x", "y")] });
    const inputs = { x: { data: Float32Array.of(-1, 0, 2), dims: [3] } };
    const { outputs } = await compareModels(log, log, { inputs });
    expect(outputs[0]).toMatchObject({ absolute: 0, relative: 0, largest: Math.fround(Math.log(2)) });
  });

  test("is infinite where only one is finite, or shapes or types differ", async () => {
    const log = model({ inputs: { x: [3] }, outputs: ["y"], nodes: [node("Log", "x", "y")] });
    const same = model({ inputs: { x: [3] }, outputs: ["y"], nodes: [node("Identity", "x", "y")] });
    const inputs = { x: { data: Float32Array.of(-1, 0, 2), dims: [3] } };
    expect((await compareModels(log, same, { inputs })).outputs[0].absolute).toBe(Number.POSITIVE_INFINITY);
    const shaped = model({
      inputs: { x: [3] },
      outputs: ["y"],
      constants: [tensor("k", [1, 1], [0])],
      nodes: [node("Add", "x,k", "y")],
    });
    expect((await compareModels(same, shaped)).outputs[0].absolute).toBe(Number.POSITIVE_INFINITY);
    const integers = model({
      inputs: { x: [3] },
      outputs: ["y"],
      nodes: [node("Cast", "x", "y", { to: DataType.INT32 })],
    });
    expect((await compareModels(same, integers)).outputs[0].absolute).toBe(Number.POSITIVE_INFINITY);
  });

  test("shows in inner values where the output hides it", async () => {
    const hidden = (k: number) => {
      const nodes = [node("Add", "x,k", "a"), node("Add", "a,far", "b"), node("Sigmoid", "b", "y")];
      const constants = [tensor("k", [], [k]), tensor("far", [], [-60])];
      return model({ inputs: { x: [4] }, outputs: ["y"], constants, nodes });
    };
    const comparison = await compareModels(hidden(0), hidden(1), { values: ["a"] });
    expect(comparison.outputs[0].absolute).toBeLessThan(1e-20);
    expect(comparison.values[0]).toMatchObject({ name: "a", count: 8 });
    expect(comparison.values[0].relative).toBeGreaterThan(0.1);
    expect(agree(comparison, 1e-5)).toBe(false);
    expect(agree({ ...comparison, values: [] }, 1e-5)).toBe(true);
  });

  test("agrees within a bound for what is large, and for what is small", () => {
    const one = (absolute: number, largest: number) => ({
      name: "y",
      type: "float32",
      count: 1,
      absolute,
      largest,
      relative: absolute / largest,
    });
    const rest = { runs: 1, shapes: {} };
    expect(agree({ ...rest, outputs: [one(0.5, 1e6)], values: [] }, 1e-6)).toBe(true);
    expect(agree({ ...rest, outputs: [one(0.5, 1e5)], values: [] }, 1e-6)).toBe(false);
    expect(agree({ ...rest, outputs: [one(1e-7, 1e-6)], values: [] }, 1e-6)).toBe(true);
    expect(agree({ ...rest, outputs: [], values: [one(1e-7, 1e-6)] }, 1e-6)).toBe(false);
    expect(agree({ ...rest, outputs: [one(Number.POSITIVE_INFINITY, 0)], values: [] }, 1e-6)).toBe(false);
  });
});

describe("inputs", () => {
  test("are the same for the same seed, others for another and in the next run", async () => {
    const largest = async (seed: number, runs: number) =>
      (await compareModels(adding(0), adding(0), { seed, runs })).outputs[0].largest;
    expect(await largest(1, 1)).toBe(await largest(1, 1));
    expect(await largest(1, 1)).not.toBe(await largest(2, 1));
    expect(await largest(1, 20)).toBeGreaterThan(await largest(1, 1));
  });

  test("have the sizes that the model leaves open, that are asked for, or that are given", async () => {
    const open = adding(0, ["batch", 3, "", "height"]);
    const shapeOf = async (options: object) => (await compareModels(open, open, { runs: 1, ...options })).shapes.x;
    expect(await shapeOf({})).toEqual([2, 3, 64, 64]);
    expect(await shapeOf({ sizes: { batch: 5, height: 7 } })).toEqual([5, 3, 64, 7]);
    expect(await shapeOf({ shapes: { x: [1, 3, 2, 2] } })).toEqual([1, 3, 2, 2]);
    expect(await shapeOf({ inputs: { x: { data: new Float32Array(3), dims: [1, 3, 1, 1] } } })).toEqual([1, 3, 1, 1]);
  });

  test.each([
    "FLOAT",
    "DOUBLE",
    "FLOAT16",
    "INT8",
    "UINT8",
    "INT16",
    "UINT16",
    "INT32",
    "UINT32",
    "INT64",
    "UINT64",
    "BOOL",
  ] as const)("of type %s are random numbers, small where they are whole", async (name) => {
    const same = model({
      type: DataType[name],
      inputs: { x: [100] },
      outputs: ["y"],
      nodes: [node("Identity", "x", "y")],
    });
    const { outputs } = await compareModels(same, same);
    expect(outputs[0].absolute).toBe(0);
    const float = name.includes("FLOAT") || name === "DOUBLE";
    if (float) expect(outputs[0].largest).toBeGreaterThan(1.5);
    else expect(outputs[0].largest).toBe(1);
  });

  test("of other types have to be given", async () => {
    const same = model({
      type: DataType.STRING,
      inputs: { x: [2] },
      outputs: ["y"],
      nodes: [node("Identity", "x", "y")],
    });
    await refuses(() => compareModels(same, same), "E_VALUE", 'no random values of type string: give input "x"');
  });

  test("that do not fit are refused", async () => {
    const open = adding(0, ["n", 3]);
    const run = (options: object) => () => compareModels(open, open, options);
    await refuses(run({ shapes: { z: [1] } }), "E_VALUE", 'expected one of the model\'s inputs, x, got "z"');
    await refuses(run({ shapes: { x: [1, 4] } }), "E_VALUE", 'expected input "x" to have shape [n, 3], got [1, 4]');
    await refuses(run({ shapes: { x: [3] } }), "E_VALUE", "got [3]");
    await refuses(run({ shapes: { x: [-1, 3] } }), "E_VALUE", "got [-1, 3]");
    await refuses(run({ shapes: { x: [1e9, 3] } }), "E_VALUE", "3000000000 values: give its shape");
    await refuses(run({ inputs: { x: { data: new Float32Array(2), dims: [1, 3] } } }), "E_VALUE", "expected 3 values");
    await refuses(run({ inputs: { x: { data: new Int8Array(3), dims: [1, 3] } } }), "E_RUN", "x [1, 3]");
    await refuses(run({ runs: 0 }), "E_VALUE", "a number of runs from 1 on, got 0");
    await refuses(run({ seed: 0.5 }), "E_VALUE", "expected a seed that is a whole number, got 0.5");
  });
});

test("models that onnxruntime does not take or run are refused with its words", async () => {
  const unknown = model({ inputs: { x: [2] }, outputs: ["y"], nodes: [node("NoSuchOperator", "x", "y")] });
  await refuses(() => compareModels(unknown, adding(0)), "E_RUN", "onnxruntime does not take the first model");
  await refuses(() => compareModels(adding(0), unknown), "E_RUN", "onnxruntime does not take the second model");
  const narrow = model({
    inputs: { x: ["n", 5] },
    outputs: ["y"],
    constants: parameters("bn", 5),
    nodes: [batchNorm("bn", "x", "y")],
  });
  narrow.proto.graph.input[0] = valueInfoOf("x", ["n", "c"], DataType.FLOAT);
  await refuses(() => compareModels(narrow, narrow), "E_RUN", "x [2, 64]; if that is no good shape, give others");
  const other = model({
    inputs: { x: [4] },
    outputs: ["z"],
    constants: [random("k", [])],
    nodes: [node("Add", "x,k", "z")],
  });
  await refuses(() => compareModels(adding(0), other), "E_VALUE", "two models with the same outputs, got y and z");
});

test("without onnxruntime-node, models are read and folded; comparing says what is missing", async () => {
  vi.doMock("onnxruntime-node", () => {
    throw new Error("Cannot find package 'onnxruntime-node'");
  });
  vi.resetModules();
  const { compareModels: compare, foldBatchNorms } = await import("#dist/index.js");
  expect(foldBatchNorms(adding(0)).kept).toEqual([]);
  const failure = await compare(adding(0), adding(0)).catch((error: unknown) => error);
  expect(failure).toMatchObject({ name: "OnnxError", code: "E_RUN" });
  expect(String(failure)).toContain("running a model needs the package onnxruntime-node: npm install it");
});
