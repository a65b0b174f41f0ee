import { create } from "@bufbuild/protobuf";
import { ValueInfoProtoSchema } from "onnx-buf";
import { expect, test } from "vitest";
import { modelInputs } from "#dist/index.js";
import { DataType, model, node, random, valueInfoOf } from "../support/models.ts";
import { refuses } from "../support/refusal.ts";

const made = () =>
  model({
    inputs: { x: ["batch", 3, ""], y: null, w: [2], scalar: [] },
    outputs: ["z"],
    constants: [random("w", [2])],
    nodes: [node("Add", "x,w", "z")],
  });

test("inputs that are no initializers, with types as onnxruntime calls them, and their sizes", () => {
  const given = made();
  given.proto.graph.input.push(valueInfoOf("ids", [-1, 7], DataType.INT64), valueInfoOf("half", [1], DataType.FLOAT16));
  expect(modelInputs(given)).toEqual([
    { name: "x", type: "float32", dims: ["batch", 3, null] },
    { name: "y", type: "float32", dims: null },
    { name: "scalar", type: "float32", dims: [] },
    { name: "ids", type: "int64", dims: [null, 7] },
    { name: "half", type: "float16", dims: [1] },
  ]);
});

test("an input that is no tensor is refused", async () => {
  const given = made();
  given.proto.graph.input.push(
    create(ValueInfoProtoSchema, { name: "list", type: { value: { case: "sequenceType", value: {} } } }),
  );
  await refuses(() => modelInputs(given), "E_UNSUPPORTED", 'input "list" is no tensor');
});
