/** Models of others: ONNX Runtime's optimizer tests, and ONNX's own tests of BatchNormalization. */
import { readdirSync, readFileSync } from "node:fs";
import { fromBinary } from "@bufbuild/protobuf";
import { batchNormForward, batchNormInference } from "batchnorm";
import { TensorProtoSchema } from "onnx-buf";
import { describe, expect, test } from "vitest";
import { compareModels, findBatchNorms, foldBatchNorms, readModel } from "#dist/index.js";
import { numbersOf } from "#dist/model/tensor.js";
import { fixture } from "../support/files.ts";
import { foldChecked, operators } from "../support/folding.ts";

test("Conv and a batch norm, IR 3", async () => {
  const { model, folded } = await foldChecked(await readModel(fixture("fuse-conv-bn-no-bias.onnx")), { runs: 1 });
  expect(operators(model)).toEqual(["Conv", "Flatten"]);
  expect(folded).toHaveLength(1);
});

test("MatMul and a batch norm", async () => {
  const { model } = await foldChecked(await readModel(fixture("fuse-matmul-bn-directly.onnx")));
  expect(operators(model)).toEqual(["Gemm"]);
});

test("MatMul and a batch norm over another axis", async () => {
  const read = await readModel(fixture("fuse-matmul-bn-directly-dont-fuse.onnx"));
  const { model, folded, kept } = foldBatchNorms(read);
  expect(operators(model)).toEqual(["MatMul", "BatchNormalization"]);
  expect(folded).toEqual([]);
  expect(kept[0].reason).toContain("are not on axis 1 there");
});

function tensorFrom(...path: string[]) {
  return numbersOf(fromBinary(TensorProtoSchema, readFileSync(fixture(...path))));
}

describe("ONNX's node tests agree with our reading of the node and the library's batch norm", () => {
  const inference = ["test_batchnorm_example", "test_batchnorm_epsilon"];

  test.each([...inference, ...inference.map((name) => `${name}_training_mode`)])("%s", async (name) => {
    const read = await readModel(fixture(name, "model.onnx"));
    const [info] = findBatchNorms(read);
    const data = (file: string) => tensorFrom(name, "test_data_set_0", file);
    const [x, ...rest] = [0, 1, 2, 3, 4].map((i) => data(`input_${i}.pb`));
    const [gamma, beta, mean, variance] = rest.map(({ values }) => Float32Array.from(values));
    const outputs = readdirSync(fixture(name, "test_data_set_0"))
      .filter((file) => file.startsWith("output"))
      .sort();
    const options = { shape: x.dims, axis: 1, gamma, beta, eps: info.eps };
    const values = Float32Array.from(x.values);

    expect(info.training).toBe(name.endsWith("training_mode"));
    expect(info.channels).toBe(gamma.length);
    expect(info.eps).toBe(Math.fround(name.includes("epsilon") ? 1e-2 : 1e-5));
    const moved = (old: Float32Array, batch: Float64Array) =>
      old.map((v, c) => v * info.momentum + batch[c] * (1 - info.momentum));
    const results = () => {
      if (!info.training) return [batchNormInference(values, { ...options, mean, variance })];
      const batch = batchNormForward(values, options);
      return [batch.y, moved(mean, batch.mean), moved(variance, batch.variance)];
    };
    const expected = outputs.map((file) => data(file).values);
    const got = results();
    expect(got).toHaveLength(expected.length);
    got.forEach((each, i) => {
      expect(each).toHaveLength(expected[i].length);
      each.forEach((value, j) => {
        expect(Math.abs(value - expected[i][j])).toBeLessThan(2e-6);
      });
    });
    // The models run in onnxruntime as we write them.
    const inputs = Object.fromEntries(
      read.proto.graph.input.map((input, i) => {
        const each = [x, ...rest][i];
        return [input.name, { data: Float32Array.from(each.values), dims: each.dims }];
      }),
    );
    const { outputs: same } = await compareModels(read, read, { inputs });
    expect(same.map(({ absolute }) => absolute)).toEqual(expected.map(() => 0));
  });
});
