import { expect, test } from "vitest";
import { findBatchNorms } from "#dist/index.js";
import { batchNorm, DataType, model, node, parameters, random, tensor } from "../support/models.ts";

const [gamma, beta, mean, variance] = [
  [1, -2, 0.5],
  [0, 0.25, 3],
  [4, 5, 6],
  [1, 0.125, 2],
];

function values(storage: { type?: DataType; raw?: boolean }) {
  return [
    tensor("bn.gamma", [3], gamma, storage),
    tensor("bn.beta", [3], beta, storage),
    tensor("bn.mean", [3], mean, storage),
    tensor("bn.var", [3], variance, storage),
  ];
}

test.each([
  { type: DataType.FLOAT },
  { type: DataType.FLOAT, raw: false },
  { type: DataType.DOUBLE, raw: false },
  { type: DataType.FLOAT16 },
  { type: DataType.BFLOAT16, raw: false },
])("tells everything of a batch norm, stored as %j", (storage) => {
  const made = model({
    inputs: { x: [2, 3, 4] },
    outputs: ["y"],
    constants: values(storage),
    nodes: [batchNorm("bn", "x", "y", { epsilon: 0.25, momentum: 0.75 })],
  });
  expect(findBatchNorms(made)).toEqual([
    {
      name: "Y",
      inside: null,
      channels: 3,
      eps: 0.25,
      momentum: 0.75,
      training: false,
      gamma: Float64Array.from(gamma),
      beta: Float64Array.from(beta),
      mean: Float64Array.from(mean),
      variance: Float64Array.from(variance),
      foldable: {
        reason:
          'no layer is before it: its input is "x", which a run is given; what it gives is an output of the model',
      },
    },
  ]);
});

test("what a node does not say is ONNX's default, in float32", () => {
  const made = model({
    inputs: { x: [2, 3] },
    outputs: ["y"],
    constants: values({}),
    nodes: [batchNorm("bn", "x", "y")],
  });
  const [{ eps, momentum }] = findBatchNorms(made);
  expect([eps, momentum]).toEqual([Math.fround(1e-5), Math.fround(0.9)]);
});

test("an attribute that an old file gives no type is read, one of a wrong type is refused", () => {
  const made = model({
    inputs: { x: [2, 3] },
    outputs: ["y"],
    constants: values({}),
    nodes: [batchNorm("bn", "x", "y", { epsilon: 0.5 })],
  });
  const [attribute] = made.proto.graph.node[0].attribute;
  Reflect.deleteProperty(attribute, "type");
  expect(findBatchNorms(made)[0].eps).toBe(0.5);
  attribute.type = 2;
  expect(() => findBatchNorms(made)).toThrow(
    'expected attribute epsilon of BatchNormalization "Y" to be of type FLOAT, got INT',
  );
});

test("parameters that a run gives are not there, their number is if it is declared", () => {
  const inputs = { x: [2, 3], s: [3], b: [3], m: [3], v: [3] };
  const made = model({ inputs, outputs: ["y"], nodes: [node("BatchNormalization", "x,s,b,m,v", "y")] });
  made.proto.graph.node[0].name = "";
  const [info] = findBatchNorms(made);
  expect(info).toMatchObject({ name: "y", channels: 3, gamma: null, beta: null, mean: null, variance: null });
  expect(info.foldable).toEqual({ reason: 'its scale is not constant: "s" is an input' });
});

test.each([
  [9, "y", {}, false],
  [9, "y,m,v,sm,sv", {}, true],
  [9, "y,,,,", {}, false],
  [14, "y", { training_mode: 1 }, true],
  [14, "y,m,v", { training_mode: 1 }, true],
  [15, "y", { training_mode: 0 }, false],
])("opset %i, outputs %s, %j: in training mode: %s", (opset, outputs, attributes, training) => {
  const made = model({
    opset,
    inputs: { x: [2, 3] },
    outputs: ["y"],
    constants: values({}),
    nodes: [batchNorm("bn", "x", outputs, attributes)],
  });
  expect(findBatchNorms(made)[0].training).toBe(training);
});

test("says what would take it, in the nodes' order, and changes nothing", () => {
  const made = model({
    inputs: { x: [2, 2, 5, 5] },
    outputs: ["y"],
    constants: [random("w", [3, 2, 3, 3]), ...values({}), ...parameters("b2", 3)],
    nodes: [node("Conv", "x,w", "c"), batchNorm("bn", "c", "a"), node("Relu", "a", "r"), batchNorm("b2", "r", "y")],
  });
  const infos = findBatchNorms(made);
  expect(infos.map(({ name, foldable }) => [name, foldable])).toEqual([
    ["A", { into: 'Conv "C"' }],
    ["Y", { reason: 'no layer is before it: its input comes from Relu "R"; what it gives is an output of the model' }],
  ]);
  expect(findBatchNorms(made)).toEqual(infos);
});
