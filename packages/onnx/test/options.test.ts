/** Whatever takes options refuses those that nobody reads. */
import { expect, test } from "vitest";
import { compareModels, foldBatchNorms, recalibrateBatchNorms, timeModels } from "#dist/index.js";
import { batchNorm, model, parameters } from "./support/models.ts";

const one = model({
  inputs: { x: ["n", 3] },
  outputs: ["y"],
  constants: parameters("bn", 3),
  nodes: [batchNorm("bn", "x", "y", {})],
});
const unknown = { afine: true } as object;

test.each<[string, () => unknown, string]>([
  ["foldBatchNorms", () => foldBatchNorms(one, unknown), "affine"],
  ["recalibrateBatchNorms", () => recalibrateBatchNorms(one, () => [], unknown), "onePass, prior, progress"],
  ["compareModels", () => compareModels(one, one, unknown), "seed, runs, values, inputs, shapes, sizes"],
  ["timeModels", () => timeModels(one, one, unknown), "duration, optimized, inputs, shapes, sizes"],
])("%s", async (_name, call, known) => {
  await expect((async () => call())()).rejects.toMatchObject({
    code: "E_VALUE",
    message: `expected options ${known}, got afine`,
  });
});
