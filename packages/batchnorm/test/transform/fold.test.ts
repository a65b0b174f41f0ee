/** Batch norm in the weights of the layer before it: what the model does in eval mode, and the model as it was. */
import {
  BatchNorm,
  type BatchNormOptions,
  Concat,
  Conv2d,
  type Conv2dOptions,
  Dropout,
  fold,
  type Layer,
  Linear,
  manualSeed,
  ReLU,
  Residual,
  randn,
  Sequential,
  Tanh,
} from "batchnorm";
import { describe, expect, it } from "vitest";
import { onEveryBuild } from "../support/builds.ts";
import { expectNear, expectSame, gaussianTensor, snapshot } from "../support/layers.ts";
import { refuses } from "../support/refusal.ts";
import { asTrained } from "../support/trained.ts";
import { openTrainer } from "../support/training.ts";

/** The kinds of layers within, in order. */
const kinds = (layer: Layer): string[] => [...layer.modules()].map((each) => each.constructor.name);

/** That the folded model does what the model does in eval mode, in both modes, and gives it. */
function expectFolded(model: Layer, shape: number[], share = 2e-6): Layer {
  const x = gaussianTensor(50, shape);
  const want = model.eval().forward(x);
  const folded = fold(model);
  for (const layer of [folded.train(), folded.eval()]) {
    const got = layer.forward(x);
    expect(got.shape).toEqual(want.shape);
    expectNear(got.data, want.data, share);
  }
  return folded;
}

const norms: [string, BatchNormOptions][] = [
  ["with gamma and beta", {}],
  ["without gamma", { scale: false }],
  ["without beta", { center: false }],
  ["without either", { affine: false }],
  ["with a large eps", { eps: 0.7 }],
];

const convs: [string, Conv2dOptions][] = [
  ["3×3", { padding: 1 }],
  ["at stride 2", { stride: 2, padding: [0, 1] }],
  ["in groups", { groups: 2 }],
  ["depthwise", { groups: 6, padding: 1 }],
];

onEveryBuild(() => {
  describe.each(norms)("a batch norm %s", (_, options) => {
    it.each([true, false])("goes into a Linear with bias: %s", (bias) => {
      const model = asTrained(new Sequential(new Linear(7, 5, { bias }), new BatchNorm(5, options)));
      expect(kinds(expectFolded(model, [9, 7]))).toEqual(["Sequential", "Linear"]);
      expectFolded(model, [4, 3, 7]);
    });

    it.each(convs)("goes into a Conv2d %s, with a bias and without", (_, conv) => {
      for (const bias of [true, false]) {
        const model = asTrained(new Sequential(new Conv2d(6, 6, 3, { ...conv, bias }), new BatchNorm(6, options)));
        expect(kinds(expectFolded(model, [2, 5, 4, 6]))).toEqual(["Sequential", "Conv2d"]);
      }
    });
  });

  it("a model of everything is folded all through", () => {
    const unit = (from: number, to: number) => [new Conv2d(from, to, 3, { padding: 1 }), new BatchNorm(to), new ReLU()];
    const model = new Sequential(
      ...unit(3, 6),
      new Residual(new Sequential(...unit(6, 6), ...unit(6, 6).slice(0, 2)), new Sequential(...unit(6, 6).slice(0, 2))),
      new ReLU(),
      new Concat(new Sequential(...unit(6, 4)), new Residual(new Sequential(...unit(6, 6))), new Dropout(0.5)),
      new Dropout(0.4),
      new BatchNorm(16),
    );
    const folded = expectFolded(asTrained(model), [2, 6, 5, 3], 5e-6);
    const norms = [...folded.modules()].filter((layer) => layer instanceof BatchNorm);
    expect(norms).toHaveLength(1);
    expect(kinds(folded)).not.toContain("Dropout");
  });
});

describe("a channel without variance", () => {
  it.each([0, 1e-30, 1e-12])("is folded with a running variance of %d and no eps", (variance) => {
    const bn = new BatchNorm(5, { eps: 0 });
    const model = asTrained(new Sequential(new Linear(7, 5), bn));
    bn.setRunningStats([1, 2, 3, 4, 5], [1, 1, variance, 1, 1]);
    const folded = expectFolded(model, [9, 7]) as Sequential;
    const channel = folded.forward(gaussianTensor(50, [9, 7])).data.filter((_, i) => i % 5 === 2);
    expect(channel.every(Number.isFinite)).toBe(true);
    // Constant where it was constant: then it gives beta.
    if (variance === 0) expect(new Set(channel)).toEqual(new Set([bn.bias!.data[2]]));
    else expect(new Set(channel).size).toBeGreaterThan(5);
  });

  it("is folded where no channel has any, with an eps", () => {
    const bn = new BatchNorm(5);
    const model = asTrained(new Sequential(new Linear(7, 5), bn));
    bn.setRunningStats([1, 2, 3, 4, 5], [0, 1e-38, 1e-20, 1e-8, 1e-5]);
    expectFolded(model, [9, 7]);
  });
});

describe("what stands between and before", () => {
  const bn = () => new BatchNorm(5);
  const linear = () => new Linear(5, 5);
  const cases: [string, () => Layer[], string[]][] = [
    ["two batch norms in a row go into the same weights", () => [linear(), bn(), bn()], ["Linear"]],
    ["Dropout does not count", () => [linear(), new Dropout(0.5), bn(), new Dropout(0.1)], ["Linear"]],
    ["an activation does", () => [linear(), new ReLU(), bn()], ["Linear", "ReLU", "BatchNorm"]],
    ["a first batch norm stays", () => [bn(), linear(), bn()], ["BatchNorm", "Linear"]],
    ["a row of its own is folded by itself", () => [new Sequential(linear(), bn())], ["Sequential", "Linear"]],
    ["rows are not looked into", () => [new Sequential(linear()), bn()], ["Sequential", "Linear", "BatchNorm"]],
    [
      "nothing is left of Dropout in a row",
      () => [new Sequential(new Dropout(0.5)), linear()],
      ["Sequential", "Linear"],
    ],
  ];
  it.each(cases)("%s", (_, layers, want) => {
    const folded = expectFolded(asTrained(new Sequential(...layers())), [6, 5]);
    expect(kinds(folded)).toEqual(["Sequential", ...want]);
  });

  it("a batch norm or a Dropout may be the whole model, or a way in it", () => {
    const alone = expectFolded(asTrained(bn()), [6, 5]) as BatchNorm;
    expect(alone.frozen).toBe(true);
    expectFolded(new Dropout(0.5), [6, 5]);
    expectFolded(asTrained(new Residual(new Dropout(0.5), bn())), [6, 5]);
    expectFolded(asTrained(new Concat(bn(), new Dropout(0.5), new Tanh())), [6, 5]);
  });
});

describe("a batch norm over another axis", () => {
  // As many rows, or columns, as there are channels: their number alone does not tell.
  it.each([
    [1, "BatchNorm"],
    [2, "BatchNorm"],
    [-2, "BatchNorm"],
    [3, undefined],
    [-1, undefined],
  ])("after a convolution, axis %i", (axis, kept) => {
    const model = asTrained(new Sequential(new Conv2d(3, 6, 1), new BatchNorm(6, { axis })));
    const folded = expectFolded(model, [2, 6, 6, 3]) as Sequential;
    expect(folded.layers[1]?.constructor.name).toBe(kept);
  });

  it("after a Linear, axis 1", () => {
    const model = asTrained(new Sequential(new Linear(5, 4), new BatchNorm(4, { axis: 1 })));
    expectFolded(model, [6, 4, 5]);
    expectFolded(model, [6, 5]);
  });

  it("is copied, frozen: the model may train on", () => {
    const bn = new BatchNorm(6, { axis: 1, momentum: null, runningVariance: "biased", eps: 0.01, center: false });
    const model = asTrained(new Sequential(new Conv2d(3, 6, 1), bn));
    const copy = (fold(model) as Sequential).layers[1] as BatchNorm;
    expect(copy).not.toBe(bn);
    expect(copy.frozen).toBe(true);
    expect(bn.frozen).toBe(false);
    const { axis, eps, momentum, runningVariance, bias } = copy;
    expect({ axis, eps, momentum, runningVariance, bias }).toEqual({
      axis: 1,
      eps: 0.01,
      momentum: null,
      runningVariance: "biased",
      bias: null,
    });
    expect(snapshot(copy)).toBe(snapshot(bn));
  });
});

it("a batch norm of another number of channels is left to say so itself", () => {
  const folded = fold(new Sequential(new Linear(7, 5), new BatchNorm(4)));
  refuses(() => folded.forward(gaussianTensor(1, [9, 7])), "E_SHAPE", "[BatchNorm]", "4 channels", "got 5");
});

it("a batch norm without running statistics is taken as it is: it uses the batch's in eval mode too", () => {
  const bn = new BatchNorm(5, { trackRunningStats: false });
  const model = asTrained(new Sequential(new Linear(7, 5), bn));
  expect((expectFolded(model, [9, 7]) as Sequential).layers[1]).toBe(bn);
});

describe("the model", () => {
  const make = () =>
    asTrained(
      new Sequential(
        new Linear(6, 5),
        new BatchNorm(5),
        new Residual(new Sequential(new Linear(5, 5), new BatchNorm(5))),
      ),
    );

  it("is not changed, whatever its modes", () => {
    const model = make();
    (model.layers[1] as BatchNorm).eval();
    const modes = () => [...model.modules()].map(({ training }) => training);
    const [before, modesBefore] = [snapshot(model), modes()];
    const folded = fold(model);
    for (const { data } of folded.parameters()) data.fill(7);
    expect(snapshot(model)).toBe(before);
    expect(modes()).toEqual(modesBefore);
    expect([...model.modules()].some((layer) => layer instanceof BatchNorm && layer.frozen)).toBe(false);
  });

  it("may train on: what was folded before stays as it is", () => {
    const model = make();
    const folded = fold(model);
    const x = gaussianTensor(3, [8, 6]);
    const before = folded.forward(x).data;
    const trainer = openTrainer(model);
    for (let i = 0; i < 3; i++) trainer.step(x, [0, 1, 2, 3, 4, 0, 1, 2]);
    expectSame(folded.forward(x).data, before);
    // And may be folded while a trainer holds it.
    const again = fold(model).forward(x).data;
    trainer.close();
    expectNear(again, model.eval().forward(x).data, 2e-6);
    expect(again).not.toEqual(before);
  });

  it("is folded without a number drawn from the program's generator", () => {
    const model = make();
    manualSeed(5);
    const want = randn([8]).data;
    manualSeed(5);
    fold(model);
    expectSame(randn([8]).data, want);
  });
});
