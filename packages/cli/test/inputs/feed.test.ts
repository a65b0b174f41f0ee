/** Which samples go to which input of a model, and in which type. */
import type { OnnxModel, TypedArray } from "batchnorm-onnx";
import { describe, expect, it } from "vitest";
import { InputError } from "#dist/errors.js";
import { convert } from "#dist/inputs/convert.js";
import { feedsFor } from "#dist/inputs/feed.js";
import { type Samples, samplesAlong } from "#dist/inputs/samples.js";
import { DataType, model, node } from "../../../onnx/test/support/models.ts";
import { counting } from "../support/npy.ts";

type Shapes = Parameters<typeof model>[0]["inputs"];

function modelWith(inputs: Shapes, type = DataType.FLOAT): OnnxModel {
  const [first] = Object.keys(inputs);
  return model({ inputs, type, outputs: ["out"], nodes: first ? [node("Relu", first, "out")] : [] });
}

function array(name: string | null, shape: number[], data: TypedArray, dtype = "float32"): Samples {
  return samplesAlong({ name, source: `x.npz: ${name}`, shape, dtype, load: async () => data });
}

const floats = (name: string | null, ...shape: number[]) => array(name, shape, counting(shape.reduce((a, b) => a * b)));

function refuses(made: OnnxModel, samples: Samples[], message: string): void {
  expect(() => feedsFor(made, samples)).toThrow(InputError);
  expect(() => feedsFor(made, samples)).toThrow(message);
}

describe("samples", () => {
  it("go to the inputs of their names, whatever else there is", async () => {
    const made = modelWith({ a: ["n", 2], b: ["n", 1] });
    const feeds = feedsFor(made, [floats("labels", 5), floats("b", 3, 1), floats("a", 3, 2)]);
    expect([feeds.count, feeds.batch, feeds.sources]).toEqual([3, null, ["x.npz: a", "x.npz: b"]]);
    expect(await feeds.read(1, 3)).toEqual({
      a: { data: Float32Array.of(2, 3, 4, 5), dims: [2, 2] },
      b: { data: Float32Array.of(1, 2), dims: [2, 1] },
    });
  });

  it("go to the only input where they are the only ones, by any name or none", async () => {
    for (const name of [null, "other"]) {
      const feeds = feedsFor(modelWith({ a: [2, "k"] }), [floats(name, 3, 2)]);
      expect([feeds.count, feeds.batch]).toEqual([3, 2]);
      expect(Object.keys(await feeds.read(0, 2))).toEqual(["a"]);
    }
    expect(feedsFor(modelWith({ a: null }), [floats(null, 3, 2)]).batch).toBeNull();
  });

  it("that are missing are named, with the names there are", () => {
    refuses(modelWith({ a: ["n"] }), [floats("b", 2), floats("c", 2)], 'inputs, "a"; "a" is not in x.npz: b, x.npz: c');
    refuses(modelWith({ a: ["n"], b: ["n"] }), [floats("a", 2)], 'inputs, "a" and "b"; "b" is not in x.npz: a');
    refuses(modelWith({}), [floats("a", 2)], "expected a model with inputs");
  });

  it("must be as many for each input, and at least as many as the model takes at a time", () => {
    const made = modelWith({ a: ["n"], b: ["n"] });
    refuses(made, [floats("a", 2), floats("b", 3)], "got 2 in x.npz: a and 3 in x.npz: b");
    refuses(modelWith({ a: [4] }), [floats("a", 3)], "expected at least 4 samples");
    refuses(modelWith({ a: [2], b: [1] }), [floats("a", 3), floats("b", 3)], "got 2 and 1");
  });
});

describe("a shape that does not fit", () => {
  const nchw = modelWith({ x: ["n", 3, 32, "w"] });
  const expected = 'x.npz: x, for input "x": expected an array of shape [n, 3, 32, w], the first axis that of samples';

  it("is shown with the one that is expected", () => {
    refuses(nchw, [floats("x", 3, 32, 32)], `${expected}, got [3, 32, 32]`);
    refuses(nchw, [floats("x", 1, 3, 16, 32)], `${expected}, got [1, 3, 16, 32]`);
    refuses(modelWith({ x: [] }), [floats("x", 2)], "expected an array of shape a single number");
    expect(() => feedsFor(nchw, [floats("x", 1, 3, 16, 32)])).not.toThrow("look like");
  });

  it("is said to be the other layout where it looks so", () => {
    refuses(
      nchw,
      [floats("x", 1, 32, 16, 3)],
      "the data look like NHWC, the model takes NCHW: save np.transpose(x, (0, 3,",
    );
    const nhwc = modelWith({ x: ["n", 32, 32, 3] });
    refuses(
      nhwc,
      [floats("x", 1, 3, 32, 32)],
      "the data look like NCHW, the model takes NHWC: save np.transpose(x, (0, 2,",
    );
  });
});

describe("values become the input's type:", () => {
  const cases: [from: string, values: TypedArray, to: string, expected: TypedArray][] = [
    ["float32", Float32Array.of(1, -2.5, 65504), "float16", Uint16Array.of(0x3c00, 0xc100, 0x7bff)],
    ["float16", Float32Array.of(1, -2.5), "float16", Uint16Array.of(0x3c00, 0xc100)],
    ["float64", Float64Array.of(0.1, 1e-60), "float32", Float32Array.of(0.1, 0)],
    ["bfloat16", Float32Array.of(3), "float64", Float64Array.of(3)],
    ["uint8", Uint8Array.of(0, 255), "float32", Float32Array.of(0, 255)],
    ["int64", BigInt64Array.of(-(2n ** 60n), 7n), "float32", Float32Array.of(-(2 ** 60), 7)],
    ["bool", Uint8Array.of(0, 1), "float32", Float32Array.of(0, 1)],
    ["int64", BigInt64Array.of(-128n, 7n), "int8", Int8Array.of(-128, 7)],
    ["uint8", Uint8Array.of(0, 200), "int64", BigInt64Array.of(0n, 200n)],
    ["int32", Int32Array.of(0, 1), "bool", Uint8Array.of(0, 1)],
  ];

  it.each(cases)("%s %o as %s", (from, values, to, expected) => {
    expect(convert(values, from, to, "x")).toEqual(expected);
  });

  const lost: [from: string, values: TypedArray, to: string, first: string][] = [
    ["float32", Float32Array.of(1, 65520), "float16", "65520"],
    ["float64", Float64Array.of(1e39), "float32", "1e+39"],
    ["int32", Int32Array.of(2 ** 24, 2 ** 24 + 1), "float32", "16777217"],
    ["int64", BigInt64Array.of(2n ** 53n + 1n), "float64", "9007199254740993"],
    ["uint16", Uint16Array.of(2049), "float16", "2049"],
    ["int64", BigInt64Array.of(128n), "int8", "128"],
    ["int8", Int8Array.of(-1), "uint64", "-1"],
    ["uint8", Uint8Array.of(1, 2), "bool", "2"],
  ];

  it.each(lost)("but not %s %o as %s", (from, values, to, first) => {
    expect(() => convert(values, from, to, "x")).toThrow(InputError);
    expect(() => convert(values, from, to, "x")).toThrow(
      `x: expected values that ${to} has, as the model's input is, got ${first}`,
    );
  });

  it("but never floats as integers, and nothing as strings", () => {
    refuses(
      modelWith({ a: ["n"] }, DataType.INT64),
      [floats("a", 2)],
      "expected integers, as the model takes int64, got float32",
    );
    refuses(modelWith({ a: ["n"] }, DataType.STRING), [floats("a", 2)], "got one of string");
  });
});
