/** Batch norm in the weights of the layer before it: what the model does in eval mode, and the model as it was. */
import {
  add,
  BatchNorm,
  type BatchNormOptions,
  Concat,
  Conv2d,
  type Conv2dOptions,
  Dropout,
  fold,
  Identity,
  type Layer,
  Linear,
  Module,
  manualSeed,
  ReLU,
  Residual,
  randn,
  Sequential,
  Tanh,
  type Value,
} from "batchnorm";
import { describe, expect, it } from "vitest";
import { onEveryBuild } from "../support/builds.ts";
import { expectNear, expectSame, gaussianTensor, snapshot } from "../support/layers.ts";
import { made } from "../support/made.ts";
import { refuses } from "../support/refusal.ts";
import { asTrained } from "../support/trained.ts";
import { openTrainer } from "../support/training.ts";

/** What stands where something has gone. */
const ID = "Identity";

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
      expect(kinds(expectFolded(model, [9, 7]))).toEqual(["Sequential", "Linear", "Identity"]);
      expectFolded(model, [4, 3, 7]);
    });

    it.each(convs)("goes into a Conv2d %s, with a bias and without", (_, conv) => {
      for (const bias of [true, false]) {
        const model = asTrained(new Sequential(new Conv2d(6, 6, 3, { ...conv, bias }), new BatchNorm(6, options)));
        expect(kinds(expectFolded(model, [2, 5, 4, 6]))).toEqual(["Sequential", "Conv2d", "Identity"]);
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
    ["two batch norms in a row go into the same weights", () => [linear(), bn(), bn()], ["Linear", ID, ID]],
    ["Dropout does not count", () => [linear(), new Dropout(0.5), bn(), new Dropout(0.1)], ["Linear", ID, ID, ID]],
    ["nor does an Identity", () => [linear(), new Identity(), bn()], ["Linear", ID, ID]],
    ["an activation does", () => [linear(), new ReLU(), bn()], ["Linear", "ReLU", "BatchNorm"]],
    ["a first batch norm stays", () => [bn(), linear(), bn()], ["BatchNorm", "Linear", ID]],
    ["a row of its own is folded by itself", () => [new Sequential(linear(), bn())], ["Sequential", "Linear", ID]],
    ["rows are looked into", () => [new Sequential(linear()), bn()], ["Sequential", "Linear", ID]],
    ["and out of", () => [linear(), new Sequential(new Sequential(bn()))], ["Linear", "Sequential", "Sequential", ID]],
    [
      "an Identity is left of Dropout in a row",
      () => [new Sequential(new Dropout(0.5)), linear()],
      ["Sequential", ID, "Linear"],
    ],
    [
      "what somebody else reads too is left alone",
      () => [linear(), new Residual(bn())],
      ["Linear", "Residual", "BatchNorm"],
    ],
    [
      "also where it is read past a Dropout",
      () => [linear(), new Residual(new Sequential(new Dropout(0.5), bn()))],
      ["Linear", "Residual", "Sequential", ID, "BatchNorm"],
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

/** Two convolutions with batch norms and a Dropout, around which the input goes. */
class Block extends Module {
  readonly note = { channels: 6 };
  readonly conv1 = new Conv2d(6, 6, 3, { padding: 1, bias: false });
  readonly bn1 = new BatchNorm(6);
  readonly rest = [new Conv2d(6, 6, 1), new BatchNorm(6), new Dropout(0.5)];
  readonly relu = new ReLU();

  override compose(x: Value): Value {
    const y = this.relu.of(this.bn1.of(this.conv1.of(x)));
    const z = this.rest.reduce((value, layer) => layer.of(value), y);
    return this.relu.of(add(z, x));
  }
}

class Network extends Module {
  readonly stem = new Conv2d(3, 6, 1);
  readonly stage = new Sequential(new Block(), new Block());
  readonly last: Layer = new BatchNorm(6);

  override compose(x: Value): Value {
    return this.last.of(this.stage.of(this.stem.of(x)));
  }
}

describe("modules of one's own", () => {
  const make = () => asTrained(new Network());

  it("are folded as any other, under the names that they have", () => {
    const model = make();
    const folded = expectFolded(model, [2, 5, 4, 3], 5e-6);
    const unit = (name: string) => [`${name}.weight`, `${name}.bias`];
    const blocks = [0, 1].flatMap((i) => ["conv1", "rest.0"].flatMap((name) => unit(`stage.${i}.${name}`)));
    const last = Object.keys(model.stateDict()).filter((name) => name.startsWith("last."));
    expect(Object.keys(folded.stateDict())).toEqual([...unit("stem"), ...blocks, ...last]);
    expect(folded.namedModules().map(([path]) => path)).toEqual(model.namedModules().map(([path]) => path));
  });

  it("stay what they are: class, other fields, what is not touched", () => {
    const model = make();
    const folded = fold(model) as Network;
    expect(folded).toBeInstanceOf(Network);
    const [block, old] = [folded.stage.layers[0], model.stage.layers[0]] as Block[];
    expect(block).toBeInstanceOf(Block);
    expect(block.note).toBe(old.note);
    expect(block.relu).toBe(old.relu);
    expect(folded.stem).toBe(model.stem);
    expect(block.bn1).toBeInstanceOf(Identity);
    expect(old.bn1).toBeInstanceOf(BatchNorm);
  });

  it("are shared with the model where nothing in them is replaced", () => {
    const plain = new Sequential(new Linear(5, 5), new ReLU());
    const model = asTrained(new Sequential(plain, new Linear(5, 5), new BatchNorm(5)));
    expect((fold(model) as Sequential).layers[0]).toBe(plain);
    expect(fold(plain)).toBe(plain);
  });

  it("that are in two places are one in the folded model too", () => {
    const block = new Sequential(new Linear(5, 5), new BatchNorm(5));
    const folded = expectFolded(asTrained(new Sequential(block, new Tanh(), block)), [6, 5]) as Sequential;
    expect(folded.layers[0]).toBe(folded.layers[2]);
    expect(folded.layers[0]).not.toBe(block);
  });

  it("may be folded again", () => {
    const once = fold(make());
    const x = gaussianTensor(50, [2, 5, 4, 3]);
    expectSame(fold(once).forward(x).data, once.forward(x).data);
  });

  it("may refuse, and say where", () => {
    const failing = made({ inner: new Sequential(made({}, () => undefined as never)) }, (x, { inner }) => inner.of(x));
    refuses(() => fold(failing), "E_STATE", "[Made inner.0] expected compose to give");
  });
});

describe("a batch norm over another axis", () => {
  // As many rows, or columns, as there are channels: their number alone does not tell.
  it.each([
    [1, "BatchNorm"],
    [2, "BatchNorm"],
    [-2, "BatchNorm"],
    [3, "Identity"],
    [-1, "Identity"],
  ])("after a convolution, axis %i", (axis, kept) => {
    const model = asTrained(new Sequential(new Conv2d(3, 6, 1), new BatchNorm(6, { axis })));
    const folded = expectFolded(model, [2, 6, 6, 3]) as Sequential;
    expect(folded.layers[1].constructor.name).toBe(kept);
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
  refuses(() => folded.forward(gaussianTensor(1, [9, 7])), "E_SHAPE", "[BatchNorm 1]", "4 channels", "got 5");
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

  it("may train on: what was folded before stays as it is", async () => {
    const model = make();
    const folded = fold(model);
    const x = gaussianTensor(3, [8, 6]);
    const before = folded.forward(x).data;
    const trainer = openTrainer(model);
    for (let i = 0; i < 3; i++) await trainer.step(x, [0, 1, 2, 3, 4, 0, 1, 2]);
    expectSame(folded.forward(x).data, before);
    // And may be folded while a trainer holds it.
    const again = fold(model).forward(x).data;
    await trainer.close();
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
