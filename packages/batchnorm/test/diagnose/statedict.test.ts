/** Batch norms found by the names in a state dict. */
import { BatchNorm, Conv2d, Linear, Residual, Sequential } from "batchnorm";
import { batchNormKeys } from "batchnorm/diagnose";
import { expect, it } from "vitest";

it("finds those of a model, in order, with all their names", () => {
  const main = new Sequential(new Conv2d(3, 4, 3), new BatchNorm(4));
  const model = new Sequential(new Residual(main, new BatchNorm(3, { affine: false })), new Linear(2, 2));
  expect(batchNormKeys(Object.keys(model.stateDict()))).toEqual([
    {
      name: "0.main.1",
      runningMean: "0.main.1.running_mean",
      runningVar: "0.main.1.running_var",
      weight: "0.main.1.weight",
      bias: "0.main.1.bias",
      numBatchesTracked: "0.main.1.num_batches_tracked",
    },
    {
      name: "0.shortcut",
      runningMean: "0.shortcut.running_mean",
      runningVar: "0.shortcut.running_var",
      weight: null,
      bias: null,
      numBatchesTracked: "0.shortcut.num_batches_tracked",
    },
  ]);
});

it("finds a batch norm whose dict is all there is, and nothing in names that only look alike", () => {
  expect(batchNormKeys(["running_mean", "running_var", "weight"])).toMatchObject([{ name: "", weight: "weight" }]);
  expect(batchNormKeys(["a.running_mean", "a.weight", "b.running_var", "xrunning_mean", "xrunning_var"])).toEqual([]);
  expect(batchNormKeys([])).toEqual([]);
});
