/** gamma and beta, each there or not. */
import { BatchNorm, type BatchNormOptions } from "batchnorm";
import { describe, expect, test } from "vitest";
import { onEveryDevice } from "../support/devices.ts";
import { expectNear, gaussianTensor, setAffine } from "../support/layers.ts";
import * as paper from "../support/paper.ts";

const options: [BatchNormOptions, names: string[]][] = [
  [{}, ["weight", "bias"]],
  [{ affine: true }, ["weight", "bias"]],
  [{ affine: false }, []],
  [{ scale: false }, ["bias"]],
  [{ center: false }, ["weight"]],
  [{ scale: false, center: false }, []],
  [{ affine: false, scale: true }, ["weight"]],
  [{ affine: false, center: true }, ["bias"]],
];

onEveryDevice((run) => {
  describe.each(options)("%j", (option, names) => {
    test.each([true, false])(
      "gives y and gradients as if what is missing were 1 or 0, training: %s",
      async (training) => {
        const bn = new BatchNorm(6, { axis: 1, ...option });
        const affine = setAffine(bn);
        const gamma = names.includes("weight") ? affine.gamma : new Float32Array(6).fill(1);
        const beta = names.includes("bias") ? affine.beta : new Float32Array(6);
        const [x, dy] = [gaussianTensor(1, [8, 6, 3], 1, 2), gaussianTensor(2, [8, 6, 3])];
        const batch = { outer: 8, channels: 6, inner: 3, x: x.data, gamma, beta, eps: 1e-5 };
        const running = { mean: new Float64Array(6), variance: new Float64Array(6).fill(1) };
        if (!training) bn.eval();
        expectNear(
          (await run.forward(bn, x)).data,
          training ? paper.forward(batch) : paper.normalize(batch, running),
          1e-6,
          "y",
        );
        const dx = await run.backward(bn, dy);
        const want = training ? paper.backward(batch, dy.data) : paper.backwardConstant(batch, running, dy.data);
        expectNear(dx.data, want.dx, 2e-6, "dx");
        if (bn.weight) expectNear(bn.weight.grad!.data, want.dgamma, 2e-6, "dgamma");
        if (bn.bias) expectNear(bn.bias.grad!.data, want.dbeta, 2e-6, "dbeta");
      },
    );
  });
});

test.each(options)("%j has the parameters it should, under their names", (option, names) => {
  const bn = new BatchNorm(6, option);
  expect(bn.namedParameters().map(([name]) => name)).toEqual(names);
  expect([bn.weight !== null, bn.bias !== null]).toEqual(["weight", "bias"].map((name) => names.includes(name)));
  expect(Object.keys(bn.stateDict())).toEqual([...names, "running_mean", "running_var", "num_batches_tracked"]);
});

test("gamma starts as 1 and beta as 0", () => {
  const bn = new BatchNorm(3);
  expect([[...bn.weight!.data], [...bn.bias!.data]]).toEqual([
    [1, 1, 1],
    [0, 0, 0],
  ]);
});

test("gradients add up over backward passes until zeroGrad", () => {
  const bn = new BatchNorm(4);
  const [x, dy] = [gaussianTensor(1, [9, 4]), gaussianTensor(2, [9, 4])];
  expect(bn.weight!.grad).toBeNull();
  bn.forward(x);
  bn.backward(dy);
  const once = bn.bias!.grad!.data.slice();
  bn.backward(dy);
  expect([...bn.bias!.grad!.data]).toEqual([...once.map((v) => 2 * v)]);
  bn.zeroGrad();
  expect([...bn.bias!.grad!.data, ...bn.weight!.grad!.data].every((v) => v === 0)).toBe(true);
  bn.backward(dy);
  expect([...bn.bias!.grad!.data]).toEqual([...once]);
});
