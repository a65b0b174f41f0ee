/** Models of others: ONNX Runtime's optimizer tests. */
import { expect, test } from "vitest";
import { foldBatchNorms, readModel } from "#dist/index.js";
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
