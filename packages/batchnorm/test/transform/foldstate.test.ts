/** State dicts with batch norm folded into the weights before it. */
import { BatchNorm, Conv2d, fold, foldStateDict, Linear, Sequential } from "batchnorm";
import { describe, expect, it } from "vitest";
import { normals } from "../support/data.ts";
import { expectNear, gaussianTensor, setAffine } from "../support/layers.ts";
import { refuses } from "../support/refusal.ts";

function network(bias: boolean): Sequential {
  const norms = [new BatchNorm(6), new BatchNorm(3, { affine: false, eps: 1e-2 })];
  for (const [i, bn] of norms.entries()) {
    const n = bn.numFeatures;
    bn.setRunningStats(normals(i, n), normals(i + 5, n).map(Math.abs));
  }
  setAffine(norms[0]);
  const conv = new Conv2d(4, 6, 3, { groups: 2, bias });
  return new Sequential(conv, norms[0], new Linear(6, 3, { bias }), norms[1]).eval();
}

const pairs = [
  { layer: "0", batchNorm: "1" },
  { layer: "2", batchNorm: "3", eps: 1e-2 },
];

describe.each([true, false])("with a bias before: %s", (bias) => {
  it("gives what the model gives in eval mode, and what fold gives", () => {
    const model = network(bias);
    const before = model.stateDict();
    const dict = foldStateDict(before, pairs);
    expect(Object.keys(dict).sort()).toEqual(["0.bias", "0.weight", "2.bias", "2.weight"]);
    const bare = new Sequential(new Conv2d(4, 6, 3, { groups: 2 }), new Linear(6, 3));
    bare.loadStateDict({
      "0.weight": dict["0.weight"],
      "0.bias": dict["0.bias"],
      "1.weight": dict["2.weight"],
      "1.bias": dict["2.bias"],
    });
    const x = gaussianTensor(1, [2, 5, 5, 4]);
    expectNear(bare.forward(x).data, model.forward(x).data, 1e-5);
    expect(fold(model).stateDict()).toEqual(dict);
    expect(model.stateDict()).toEqual(before);
  });
});

it("knows where the outputs of a transposed convolution's groups are", () => {
  // [in, out / groups, taps]: two groups of 2 inputs and 3 outputs, one tap.
  const dict = {
    "up.weight": { shape: [4, 3, 1], data: new Float32Array(12).fill(1) },
    "bn.running_mean": { shape: [6], data: new Float32Array(6) },
    "bn.running_var": { shape: [6], data: Float32Array.of(1, 4, 16, 64, 256, 1024) },
    other: { shape: [1], data: Float32Array.of(7) },
  };
  const { "up.weight": weight, ...rest } = foldStateDict(dict, [
    { layer: "up", batchNorm: "bn", eps: 0, transposedGroups: 2 },
  ]);
  const first = [1, 1 / 2, 1 / 4];
  const second = [1 / 8, 1 / 16, 1 / 32];
  expect([...weight.data]).toEqual([...first, ...first, ...second, ...second]);
  expect(rest).toEqual({ other: dict.other, "up.bias": { shape: [6], data: new Float32Array(6) } });
  expect(rest.other).toBe(dict.other);
});

it("refuses what does not fit", () => {
  const dict = network(true).stateDict();
  refuses(() => foldStateDict(dict, [{ layer: "7", batchNorm: "1" }]), "E_DICT", "a state dict with 7.weight");
  refuses(() => foldStateDict(dict, [{ layer: "0", batchNorm: "2" }]), "E_DICT", "2.running_mean");
  refuses(() => foldStateDict(dict, [{ layer: "0", batchNorm: "3" }]), "E_SHAPE", "3 and 0 of 6 channels, got 3 and 6");
  dict["1.running_var"].data[2] = -1;
  refuses(() => foldStateDict(dict, pairs), "E_VALUE", "variances of at least 0 in 1, got -1");
  const stateDict = network(true).stateDict();
  const folded = (options: object) => () => foldStateDict(stateDict, [{ ...pairs[0], ...options }]);
  refuses(folded({ epsilon: 1e-3 }), "E_VALUE", "[foldStateDict]", "got epsilon (did you mean eps?)");
  for (const eps of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
    refuses(folded({ eps }), "E_VALUE", "eps of at least 0", `got ${eps}`);
  }
  for (const transposedGroups of [0, -1, 1.5]) {
    refuses(
      folded({ transposedGroups }),
      "E_VALUE",
      "a positive number as transposedGroups",
      `got ${transposedGroups}`,
    );
  }
  const whole = { ...stateDict["0.weight"], data: Int32Array.from(stateDict["0.weight"].data) as never };
  const quantized = { ...stateDict, "0.weight": whole };
  refuses(() => foldStateDict(quantized, pairs), "E_VALUE", "0.weight in a Float32Array", "got Int32Array");
});
