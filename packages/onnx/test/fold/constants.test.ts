import { create } from "@bufbuild/protobuf";
import { TensorAnnotationSchema, type TensorProto } from "onnx-buf";
import { describe, expect, test } from "vitest";
import { foldBatchNorms } from "#dist/index.js";
import { foldChecked, operators } from "../support/folding.ts";
import {
  batchNorm,
  DataType,
  graph,
  model,
  node,
  parameters,
  random,
  type Spec,
  tensor,
  valueInfoOf,
} from "../support/models.ts";

const weights = random("w", [3, 2, 3, 3]);
const bn = parameters("bn", 3);
const x = { x: [2, 2, 6, 6] };
const nodes = [node("Conv", "x,w", "c"), batchNorm("bn", "c", "y")];
const base: Spec = { inputs: x, outputs: ["y"], constants: [weights, ...bn], nodes };

function names({ proto }: { proto: { graph: { initializer: { name: string }[] } } }): string[] {
  return proto.graph.initializer.map(({ name }) => name);
}

describe("constants", () => {
  test("that several nodes read are copied for the one that is folded", async () => {
    const shared = [node("Conv", "x,w", "c"), batchNorm("bn", "c", "y"), node("Conv", "x,w", "z")];
    const { model: folded } = await foldChecked(model({ ...base, outputs: ["y", "z"], nodes: shared }));
    expect(operators(folded)).toEqual(["Conv", "Conv"]);
    expect(names(folded)).toEqual(["w", "w_1", "w_bias"]);
    expect(folded.proto.graph.initializer[0].rawData).toEqual(weights.rawData);
  });

  test("that are an output of the model are copied", async () => {
    const { model: folded } = await foldChecked(model({ ...base, outputs: ["y", "w"] }));
    expect(names(folded)).toEqual(["w", "w_1", "w_bias"]);
  });

  test("that a quantization annotation tells more about are copied, and stay", () => {
    const made = model(base);
    const quantParameterTensorNames = [{ key: "SCALE_TENSOR", value: "bn.gamma" }];
    made.proto.graph.quantizationAnnotation = [
      create(TensorAnnotationSchema, { tensorName: "w", quantParameterTensorNames }),
    ];
    expect(names(foldBatchNorms(made).model)).toEqual(["w", "bn.gamma", "w_1", "w_bias"]);
  });

  test("that two batch norms share go when both are folded, and not before", async () => {
    const constants = [weights, random("v", [3, 2, 3, 3]), ...bn];
    const both = [
      node("Conv", "x,w", "c"),
      batchNorm("bn", "c", "y"),
      node("Conv", "x,v", "d"),
      batchNorm("bn", "d", "z"),
    ];
    const outputs = ["y", "z"];
    const all = await foldChecked(model({ ...base, outputs, constants, nodes: both }));
    expect(names(all.model)).toEqual(["w", "v", "w_bias", "v_bias"]);
    const one = [
      ...both.slice(0, 2),
      node("Relu", "x", "r"),
      node("Conv", "r,v", "q"),
      node("Relu", "q", "d"),
      batchNorm("bn", "d", "z"),
    ];
    const half = await foldChecked(model({ ...base, outputs, constants, nodes: one }));
    expect(names(half.model)).toEqual(["w", "v", ...bn.map(({ name }) => name), "w_bias"]);
  });

  test("in Constant nodes are changed there, and go with their nodes", async () => {
    const constant = [weights, ...bn].map((each) => node("Constant", "", each.name, { value: each }));
    const { model: folded } = await foldChecked(model({ ...base, constants: [], nodes: [...constant, ...nodes] }));
    expect(operators(folded)).toEqual(["Constant", "Conv"]);
    expect(folded.proto.graph.node[0].output).toEqual(["w"]);
    expect(names(folded)).toEqual(["w_bias"]);
  });

  test("in a Constant node's list of floats are read", async () => {
    const lists = bn.map((each) => {
      const values = new Float32Array(each.rawData.buffer, each.rawData.byteOffset, 3);
      const made = node("Constant", "", each.name, { value_floats: 0 });
      Object.assign(made.attribute[0], { type: 6, floats: [...values] });
      return made;
    });
    const { model: folded } = await foldChecked(model({ ...base, constants: [weights], nodes: [...lists, ...nodes] }));
    expect(operators(folded)).toEqual(["Conv"]);
  });

  test("behind Identity nodes are found, and the nodes go", async () => {
    const given = [node("Identity", "w", "w2"), node("Identity", "w2", "w3"), node("Conv", "x,w3", "c"), nodes[1]];
    const { model: folded } = await foldChecked(model({ ...base, nodes: given }));
    expect(operators(folded)).toEqual(["Conv"]);
    expect(names(folded)).toEqual(["w3_1", "w3_bias"]);
  });

  test("that nobody read before are left alone, like what is known of other values", () => {
    const made = model({
      ...base,
      constants: [weights, ...bn, random("unused", [2])],
      valueInfo: { c: [2, 3, 4, 4], y: [2, 3, 4, 4], q: [1] },
    });
    const { model: folded } = foldBatchNorms(made);
    expect(names(folded)).toEqual(["w", "unused", "w_bias"]);
    expect(folded.proto.graph.valueInfo.map(({ name }) => name)).toEqual(["y", "q"]);
  });

  test("that a run may override stay, as the inputs that they are", async () => {
    const given = [node("Conv", "x,w", "c"), node("Dropout", "c,ratio", "d"), batchNorm("bn", "d", "y")];
    const made = model({
      ...base,
      inputs: { ...x, ratio: [] },
      constants: [weights, ...bn, tensor("ratio", [], [0.5])],
      nodes: given,
    });
    const { model: folded } = await foldChecked(made);
    expect(operators(folded)).toEqual(["Conv"]);
    expect(names(folded)).toEqual(["w", "ratio", "w_bias"]);
    expect(folded.proto.graph.input.map(({ name }) => name)).toEqual(["x", "ratio"]);
  });

  test("in IR 3 are inputs too, which go and come with them", async () => {
    const constants = [weights, ...bn];
    const made = model({ ...base, irVersion: 3, opset: 8 });
    made.proto.graph.input.push(
      ...constants.map(({ name, dims }) => valueInfoOf(name, dims.map(Number), DataType.FLOAT)),
    );
    const { model: folded } = await foldChecked(made);
    expect(operators(folded)).toEqual(["Conv"]);
    expect(names(folded)).toEqual(["w", "w_bias"]);
    expect(folded.proto.graph.input.map(({ name }) => name)).toEqual(["x", "w", "w_bias"]);
  });
});

test("the model that was given is not changed, and names of the graph's own values stay", async () => {
  const made = model(base);
  const before = JSON.stringify(made.proto, (_, value) => (typeof value === "bigint" ? String(value) : value));
  await foldChecked(made);
  expect(JSON.stringify(made.proto, (_, value) => (typeof value === "bigint" ? String(value) : value))).toBe(before);
});

test.each([7, 9, 14, 15, 22])("opset %i", async (opset) => {
  const { folded } = await foldChecked(model({ ...base, opset, irVersion: 10 }));
  expect(folded).toHaveLength(1);
});

describe("inner graphs", () => {
  const condition = { condition: [] };
  const branch = (constants: TensorProto[], inner: Spec["nodes"], result: string) =>
    graph({ inputs: {}, outputs: [result], constants, nodes: inner });
  const run = { inputs: { condition: { data: new Uint8Array([1]), dims: [] } } };

  /** An If over both, the condition an input of type bool. */
  function choice(constants: TensorProto[], first: ReturnType<typeof graph>, second: ReturnType<typeof graph>) {
    const made = model({
      inputs: { ...x, ...condition },
      outputs: ["out"],
      constants,
      nodes: [node("If", "condition", "out", { then_branch: first, else_branch: second })],
    });
    made.proto.graph.input[1] = valueInfoOf("condition", [], DataType.BOOL);
    return made;
  }

  test("are folded with constants of their own and of graphs around them", async () => {
    const own = parameters("own", 3);
    const first = branch(own, [node("Conv", "x,w", "c"), batchNorm("own", "c", "y")], "y");
    const second = branch([], [node("Conv", "x,w", "d"), batchNorm("bn", "d", "z")], "z");
    const made = choice([weights, ...bn], first, second);
    for (const taken of [0, 1]) {
      run.inputs.condition.data[0] = taken;
      const { folded, kept, model: result } = await foldChecked(made, run);
      expect(kept).toEqual([]);
      expect(folded.map(({ inside }) => inside)).toEqual(['then_branch of If "OUT"', 'else_branch of If "OUT"']);
      expect(names(result)).toEqual([]);
      const [then, otherwise] = result.proto.graph.node[0].attribute.map(({ g }) =>
        g?.initializer.map(({ name }) => name),
      );
      expect([then, otherwise]).toEqual([
        ["w_1", "w_bias"],
        ["w_2", "w_bias_1"],
      ]);
    }
  });

  test("that read a layer's output keep its batch norm as it is", () => {
    const inner = branch([], [node("Relu", "c", "r")], "r");
    const made = choice([weights, ...bn], inner, branch([], [node("Abs", "c", "s")], "s"));
    made.proto.graph.node.unshift(...nodes);
    made.proto.graph.output.push(valueInfoOf("y", null, DataType.FLOAT));
    expect(foldBatchNorms(made).kept[0].reason).toContain('what Conv "C" gives is read 3 times');
  });

  test("do not take a layer from outside", () => {
    const inner = branch([], [batchNorm("bn", "c", "y")], "y");
    const made = choice([weights, ...bn], inner, branch([], [node("Abs", "x", "s")], "s"));
    made.proto.graph.node.unshift(node("Conv", "x,w", "c"));
    expect(foldBatchNorms(made).kept[0].reason).toContain('its input is "c", from outside of the inner graph');
  });
});
