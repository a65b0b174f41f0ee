/** ONNX's own tests of BatchNormalization: our reading of the node and the library's batch norm give what they expect. */
import { readdirSync, readFileSync } from "node:fs";
import { fromBinary } from "@bufbuild/protobuf";
import { TensorProtoSchema } from "onnx-buf";
import { describe, expect, test } from "vitest";
import { compareModels, findBatchNorms, readModel } from "#dist/index.js";
import { numbersOf } from "#dist/model/tensor.js";
import { byFunctions, byLayer, byRuntime, type Norm } from "../support/batchnorm.ts";
import { fixture } from "../support/files.ts";

/** ONNX's for node tests: a share of what is expected, and something absolute. */
const ALLOWED = { share: 1e-3, absolute: 1e-7 };
/** Ours: a share of the largest magnitude. */
const TIGHT = 2.5e-7;

const inference = ["test_batchnorm_example", "test_batchnorm_epsilon"];
const training = inference.map((name) => `${name}_training_mode`);

/** Tensors of a test's data set, in their order. */
function tensorsOf(name: string, kind: "input" | "output") {
  const folder = fixture(name, "test_data_set_0");
  const files = readdirSync(folder).filter((file) => file.startsWith(kind));
  return files.sort().map((file) => numbersOf(fromBinary(TensorProtoSchema, readFileSync(`${folder}/${file}`))));
}

async function normOf(name: string) {
  const read = await readModel(fixture(name, "model.onnx"));
  const [info, ...others] = findBatchNorms(read);
  expect(others).toEqual([]);
  const inputs = tensorsOf(name, "input");
  const [x, gamma, beta, mean, variance] = inputs.map(({ values }) => Float32Array.from(values));
  const { eps, momentum } = info;
  const norm: Norm = { shape: [...inputs[0].dims], opset: read.opset, eps, momentum, x, gamma, beta, mean, variance };
  return { read, norm, info };
}

describe.each([...inference, ...training])("%s", (name) => {
  test("is read", async () => {
    const { norm, info } = await normOf(name);
    expect(info).toMatchObject({
      channels: norm.gamma.length,
      eps: Math.fround(name.includes("epsilon") ? 1e-2 : 1e-5),
      momentum: Math.fround(0.9),
      training: name.endsWith("training_mode"),
    });
  });

  test("is written so that onnxruntime runs it", async () => {
    const { read, norm } = await normOf(name);
    const vector = [norm.gamma.length];
    const values = [norm.x, norm.gamma, norm.beta, norm.mean, norm.variance];
    const names = read.proto.graph.input.map((input) => input.name);
    const inputs = names.map((each, i) => [each, { data: values[i], dims: i ? vector : norm.shape }] as const);
    const { outputs } = await compareModels(read, read, { inputs: Object.fromEntries(inputs), runs: 1 });
    const counts = tensorsOf(name, "output").map((expected) => expected.values.length);
    expect(outputs).toMatchObject(counts.map((count) => ({ count, absolute: 0 })));
  });

  test.each([
    { what: "functions", by: byFunctions },
    { what: "layer", by: byLayer },
    { what: "onnxruntime", by: (norm: Norm, training: boolean) => byRuntime(norm, training, "float32") },
  ])("by $what", async ({ by }) => {
    const { norm, info } = await normOf(name);
    const { y, mean, variance } = await by(norm, info.training);
    const got = info.training ? [y, mean, variance] : [y];
    const expected = tensorsOf(name, "output");
    expect(got).toHaveLength(expected.length);
    got.forEach((values, i) => {
      const wanted = expected[i].values;
      expect(values).toHaveLength(wanted.length);
      const differences = Array.from(values, (value, j) => Math.abs(value - wanted[j]));
      const beyond = differences.filter((each, j) => !(each <= ALLOWED.absolute + ALLOWED.share * Math.abs(wanted[j])));
      expect(beyond).toEqual([]);
      const largest = Math.max(...wanted.map(Math.abs));
      expect(Math.max(...differences)).toBeLessThanOrEqual(TIGHT * largest);
    });
  });
});
