import { describe, expect, test } from "vitest";
import { type InputBatch, type OnnxModel, recalibrateBatchNorms } from "#dist/index.js";
import { batchNorm, graph, model, node, parameters, tensor } from "../support/models.ts";
import { refuses } from "../support/refusal.ts";

function single(options: Record<string, number> = {}): OnnxModel {
  return model({
    inputs: { x: ["n", 3], z: ["n", 3] },
    outputs: ["y"],
    constants: parameters("bn", 3),
    nodes: [node("Add", "x,z", "s"), batchNorm("bn", "s", "y", options)],
  });
}

const values = (count: number) => Float32Array.from({ length: count }, (_, i) => Math.sin(i));
const batch: InputBatch = { x: { data: values(12), dims: [4, 3] }, z: { data: values(12), dims: [4, 3] } };

describe("refuses", () => {
  test.each([-0.1, 1.1, Number.NaN])("a prior of %s", async (prior) => {
    await refuses(() => recalibrateBatchNorms(single(), () => [batch], { prior }), "E_VALUE", "a prior from 0 to 1");
  });

  test("a model without batch norm", async () => {
    const plain = model({ inputs: { x: [2] }, outputs: ["y"], nodes: [node("Relu", "x", "y")] });
    await refuses(() => recalibrateBatchNorms(plain, () => [batch]), "E_VALUE", "no BatchNormalization node");
  });

  test("a model whose only batch norm is in training mode", async () => {
    const training = single({ training_mode: 1 });
    await refuses(() => recalibrateBatchNorms(training, () => [batch]), "E_VALUE", "it is in training mode");
  });

  test("no batches", async () => {
    await refuses(
      () => recalibrateBatchNorms(single(), () => []),
      "E_VALUE",
      "expected at least one batch in every pass",
    );
  });

  test("a batch without one of the inputs", async () => {
    const { x } = batch;
    await refuses(() => recalibrateBatchNorms(single(), () => [{ x }]), "E_VALUE", 'values for input "z"');
  });

  test("values of another shape, or for no input", async () => {
    const wrong = { ...batch, x: { data: values(8), dims: [4, 2] } };
    await refuses(() => recalibrateBatchNorms(single(), () => [wrong]), "E_VALUE", "to have shape [n, 3], got [4, 2]");
    const strange = { ...batch, q: { data: values(8), dims: [4, 2] } };
    await refuses(() => recalibrateBatchNorms(single(), () => [strange]), "E_VALUE", 'got "q"');
  });

  test("values of another type", async () => {
    const wrong = { ...batch, x: { data: new Int32Array(12), dims: [4, 3] } };
    await refuses(() => recalibrateBatchNorms(single(), () => [wrong]), "E_RUN", "onnxruntime does not run the model");
  });

  test("data that are not finite", async () => {
    const data = values(12);
    data[4] = Number.NaN;
    const wrong = { ...batch, x: { data, dims: [4, 3] } };
    const words = 'expected data that give "Y" statistics that are finite, got mean NaN';
    await refuses(() => recalibrateBatchNorms(single(), () => [wrong]), "E_VALUE", words);
  });

  test("a single value a channel, which has no variance", async () => {
    const one = { x: { data: values(3), dims: [1, 3] }, z: { data: values(3), dims: [1, 3] } };
    await refuses(() => recalibrateBatchNorms(single(), () => [one]), "E_VALUE", "statistics that are finite");
  });

  test("statistics beyond what float16 holds", async () => {
    const { DataType } = await import("../support/models.ts");
    const type = DataType.FLOAT16;
    const half = model({
      inputs: { x: ["n", 3] },
      outputs: ["y"],
      constants: parameters("bn", 3, { type }),
      nodes: [node("Cast", "x", "h", { to: type }), batchNorm("bn", "h", "y")],
    });
    const wide = { x: { data: values(12).map((v) => v * 1000), dims: [4, 3] } };
    await refuses(() => recalibrateBatchNorms(half, () => [wide]), "E_VALUE", 'the new statistics of "Y" do not fit');
  });
});

test("a batch norm within a graph of the model keeps its statistics", async () => {
  const branch = graph({ inputs: {}, outputs: ["t"], nodes: [batchNorm("bn", "a", "t")] });
  const other = graph({ inputs: {}, outputs: ["e"], nodes: [node("Identity", "a", "e")] });
  const source = model({
    inputs: { x: ["n", 3] },
    outputs: ["y"],
    constants: [...parameters("bn", 3), tensor("c", [], [1])],
    nodes: [
      batchNorm("bn", "x", "a"),
      node("Cast", "c", "condition", { to: 9 }),
      node("If", "condition", "y", { then_branch: branch, else_branch: other }),
    ],
  });
  const { recalibrated, kept } = await recalibrateBatchNorms(source, () => [{ x: batch.x }]);
  expect(recalibrated.map(({ name }) => name)).toEqual(["A"]);
  expect(kept).toEqual([
    { name: "T", inside: 'then_branch of If "Y"', reason: expect.stringContaining("in a graph within the model") },
  ]);
});
