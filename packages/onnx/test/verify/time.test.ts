import { fileURLToPath } from "node:url";
import { foldBatchNorms, readModel, timeModels } from "batchnorm-onnx";
import { expect, it } from "vitest";

it("times two models in turns, with and without onnxruntime's optimizations", async () => {
  const path = fileURLToPath(new URL("../fixtures/fuse-matmul-bn-directly.onnx", import.meta.url));
  const before = await readModel(path);
  const { model: after } = foldBatchNorms(before);
  for (const optimized of [true, false]) {
    const times = await timeModels(before, after, { duration: 10, optimized });
    for (const ms of [times.before, times.after]) expect(ms).toBeGreaterThan(0);
  }
});
