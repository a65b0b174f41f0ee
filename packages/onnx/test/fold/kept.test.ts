import { create } from "@bufbuild/protobuf";
import { FunctionProtoSchema, TrainingInfoProtoSchema } from "onnx-buf";
import { describe, expect, test } from "vitest";
import { findBatchNorms, foldBatchNorms } from "#dist/index.js";
import { reasonKept } from "../support/folding.ts";
import { batchNorm, model, node, parameters, random, type Spec, tensor, valueInfoOf } from "../support/models.ts";

const weights = random("w", [3, 2, 3, 3]);
const bn = parameters("bn", 3);
const nodes = [node("Conv", "x,w", "c"), batchNorm("bn", "c", "y")];
const base: Spec = { inputs: { x: [2, 2, 5, 5] }, outputs: ["y"], constants: [weights, ...bn], nodes };

/** The parameters with other values for one of them. */
function having(name: string, values: number[]) {
  return [weights, ...bn.map((each) => (each.name === name ? tensor(name, [values.length], values) : each))];
}

describe("a batch norm stays where", () => {
  test("the layer's output has other readers, or is an output", () => {
    const read = model({ ...base, outputs: ["y", "z"], nodes: [...nodes, node("Relu", "c", "z")] });
    expect(reasonKept(read)).toContain('what Conv "C" gives is read 2 times');
    const given = model({ ...base, outputs: ["y", "c"] });
    expect(reasonKept(given)).toContain('what Conv "C" gives is an output of the model too');
    const between = [node("Conv", "x,w", "c"), node("Identity", "c", "i"), batchNorm("bn", "i", "y")];
    expect(reasonKept(model({ ...base, outputs: ["y", "i"], nodes: between }))).toContain(
      'what Identity "I" gives is an output',
    );
  });

  test("weights or parameters are not the same in every run", () => {
    const weightsGiven = model({ ...base, inputs: { ...base.inputs, w: [3, 2, 3, 3] }, constants: bn });
    expect(reasonKept(weightsGiven)).toContain('the weights of Conv "C" cannot be rewritten: "w" is an input;');
    const overridable = model({ ...base, inputs: { ...base.inputs, w: [3, 2, 3, 3] } });
    expect(reasonKept(overridable)).toContain('"w" is an input too, so that a run may override it');
    const mean = model({ ...base, inputs: { ...base.inputs, "bn.mean": [3] } });
    expect(reasonKept(mean)).toBe('its mean is not constant: "bn.mean" is an input too, so that a run may override it');
    const computed = [
      node("Abs", "bn.var", "v"),
      nodes[0],
      node("BatchNormalization", "c,bn.gamma,bn.beta,bn.mean,v", "y"),
    ];
    expect(reasonKept(model({ ...base, nodes: computed }))).toBe(
      'its variance is not constant: "v" comes from Abs "V"',
    );
  });

  test("it is in training mode", () => {
    const modern = [nodes[0], batchNorm("bn", "c", "y", { training_mode: 1 })];
    expect(reasonKept(model({ ...base, nodes: modern }))).toContain("it is in training mode");
    const old = [nodes[0], batchNorm("bn", "c", "y,mean,var,saved_mean,saved_var")];
    expect(reasonKept(model({ ...base, opset: 9, nodes: old }))).toContain("it is in training mode");
    expect(reasonKept(model({ ...base, nodes: old }))).toContain("it gives its statistics too");
  });

  test("it has statistics for each place", () => {
    const places = [nodes[0], batchNorm("bn", "c", "y", { spatial: 0 })];
    expect(reasonKept(model({ ...base, opset: 7, nodes: places }))).toContain("spatial is 0");
    expect(foldBatchNorms(model({ ...base, opset: 9, nodes: places })).folded).toHaveLength(1);
  });

  test.each([
    [having("bn.var", [1, -1, 1]), "its variance + ε is -0.9999"],
    [having("bn.var", [1, Number.EPSILON, -1e-5]), "in channel 2"],
    [having("bn.gamma", [1, 2]), "parameters of different lengths"],
  ])("its parameters are not in order: %#", (constants, reason) => {
    const exact = [nodes[0], batchNorm("bn", "c", "y", { epsilon: Math.fround(1e-5) })];
    expect(reasonKept(model({ ...base, constants, nodes: exact }))).toContain(reason);
  });

  test.each(["bn.var", "bn.gamma", "bn.mean"])("%s is NaN or infinite", (name) => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const constants = having(name, [1, 1, 1]);
      const changed = constants.find((each) => each.name === name);
      if (!changed) throw new Error("no such parameter");
      new DataView(changed.rawData.buffer).setFloat32(4, value, true);
      expect(reasonKept(model({ ...base, constants }))).toMatch(/variance \+ ε is|not finite in channel 1/);
    }
  });

  test("the new weights would not be finite in their type", () => {
    const constants = having("bn.gamma", [1, 3e38, 1]);
    expect(reasonKept(model({ ...base, constants }))).toContain(
      'the new weights of Conv "C" would not be finite in float32',
    );
  });

  test("a namesake of the layer comes from another domain", () => {
    const foreign = [node("Conv", "x,w", "c"), batchNorm("bn", "c", "y")];
    foreign[0].domain = "com.example";
    expect(reasonKept(model({ ...base, nodes: foreign }))).toContain('its input comes from Conv "C"');
    const own = [node("Conv", "x,w", "c"), batchNorm("bn", "c", "y")];
    for (const each of own) each.domain = "ai.onnx";
    expect(foldBatchNorms(model({ ...base, nodes: own })).folded).toHaveLength(1);
    own[1].domain = "com.example";
    expect(findBatchNorms(model({ ...base, nodes: own }))).toEqual([]);
  });

  test("the model holds a training algorithm", () => {
    const made = model(base);
    made.proto.trainingInfo = [create(TrainingInfoProtoSchema, {})];
    expect(reasonKept(made)).toContain("the model holds a training algorithm");
    expect(findBatchNorms(made)[0].foldable).toEqual({ reason: reasonKept(made) });
  });

  test("it is in a function", () => {
    const made = model({ ...base, nodes: [node("Block", "x", "y")], constants: [] });
    made.proto.graph.node[0].domain = "own";
    const body = [...bn, weights].map((each) => node("Constant", "", each.name, { value: each }));
    const block = { name: "Block", domain: "own", input: ["x"], output: ["y"], node: [...body, ...nodes] };
    made.proto.functions = [create(FunctionProtoSchema, block)];
    expect(reasonKept(made)).toContain("it is in a function");
    const [info] = findBatchNorms(made);
    expect(info.inside).toBe('function "Block"');
    expect(info.channels).toBe(3);
    expect(info.variance).toHaveLength(3);
  });
});

test("a graph that is not in order is refused", () => {
  const twice = model({ ...base, nodes: [...nodes, node("Relu", "c", "y")] });
  expect(() => foldBatchNorms(twice)).toThrow('expected every value to be made once, got "y" twice');
  const early = model({ ...base, nodes: nodes.toReversed() });
  expect(() => findBatchNorms(early)).toThrow('reads "c", which nothing before it makes');
  const inputs = model(base);
  inputs.proto.graph.input.push(valueInfoOf("x", [1], 1));
  expect(() => findBatchNorms(inputs)).toThrow("expected inputs and initializers with names of their own");
});
