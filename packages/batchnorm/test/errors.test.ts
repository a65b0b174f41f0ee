/** Bad input to layers and functions: a code for programs, and words that say what was expected and what came. */
import {
  BatchNorm,
  batchNormBackward,
  batchNormForward,
  batchNormInference,
  configure,
  Dropout,
  Flatten,
  Linear,
  ones,
  ReLU,
  randn,
  Sequential,
  type Tensor,
  tensor,
  zeros,
} from "batchnorm";
import { afterAll, describe, expect, it } from "vitest";
import { refuses } from "./support/refusal.ts";
import { stateBits } from "./support/training.ts";

const x = randn([6, 4], { seed: 1 });

describe("a shape that does not fit", () => {
  it("BatchNorm: wrong rank", () => {
    refuses(() => new BatchNorm(4).forward(ones([4])), "E_SHAPE", "[BatchNorm]", "at least 2 dimensions", "[4]");
    refuses(() => new BatchNorm(4).forward(ones([])), "E_SHAPE", "[BatchNorm]", "at least 2 dimensions", "[]");
  });

  it("BatchNorm: wrong number of channels, on the axis it has", () => {
    refuses(() => new BatchNorm(3).forward(x), "E_SHAPE", "[BatchNorm]", "3 channels on axis 1", "[6, 4]", "got 4");
    const planes = ones([2, 4, 5, 5]);
    refuses(() => new BatchNorm(5, { axis: 1 }).forward(planes), "E_SHAPE", "5 channels on axis 1", "got 4");
    refuses(() => new BatchNorm(4).forward(planes), "E_SHAPE", "4 channels on axis 3", "got 5");
  });

  it("BatchNorm: an axis that the input has not", () => {
    refuses(() => new BatchNorm(4, { axis: 2 }).forward(x), "E_SHAPE", "axis from -2 to 1", "[6, 4]", "got 2");
    refuses(() => new BatchNorm(4, { axis: -3 }).forward(x), "E_SHAPE", "axis from -2 to 1", "got -3");
  });

  it("Linear: wrong number of features", () => {
    refuses(() => new Linear(5, 2).forward(x), "E_SHAPE", "[Linear]", "5 features in the last dimension", "[6, 4]");
    refuses(() => new Linear(1, 2).forward(ones([])), "E_SHAPE", "[Linear]", "1 features");
  });

  it("Flatten: nothing to flatten", () => {
    refuses(() => new Flatten().forward(ones([4])), "E_SHAPE", "[Flatten]", "at least 2 dimensions", "[4]");
  });

  it("tensors: values that are not as many as the shape says, and shapes that are none", () => {
    refuses(() => tensor([1, 2, 3], [2, 2]), "E_SHAPE", "[Tensor]", "4 values for shape [2, 2]", "got 3");
    for (const shape of [[-1], [1.5], [Number.NaN], ["2"], [2n], 3, null, "23"]) {
      refuses(() => tensor([1, 2], shape as number[]), "E_SHAPE", "shape of non-negative integers");
      for (const make of [zeros, ones, randn])
        refuses(() => make(shape as number[]), "E_SHAPE", "non-negative integers");
    }
  });

  it("functions of arrays: values, parameters and statistics of another length", () => {
    const { mean, variance, rstd } = batchNormForward(x.data, { shape: [6, 4] });
    const short = new Float32Array(3);
    refuses(() => batchNormForward(x.data, { shape: [5, 4] }), "E_SHAPE", "[batchNormForward]", "20 values", "got 24");
    refuses(() => batchNormForward(x.data, { shape: [24] }), "E_SHAPE", "at least 2 dimensions");
    refuses(() => batchNormForward(x.data, { shape: [6, 4], axis: 2 }), "E_SHAPE", "axis from -2 to 1", "got 2");
    refuses(() => batchNormForward(x.data, { shape: [6, 4], gamma: short }), "E_SHAPE", "4 values of gamma, got 3");
    refuses(() => batchNormForward(x.data, { shape: [6, 4], beta: short }), "E_SHAPE", "4 values of beta, got 3");
    const inference = (options: object) => () =>
      batchNormInference(x.data, { shape: [6, 4], mean, variance, ...options });
    refuses(inference({ mean: short }), "E_SHAPE", "[batchNormInference]", "4 values of mean, got 3");
    refuses(inference({ variance: short }), "E_SHAPE", "4 values of variance, got 3");
    const backward = (dy: Float32Array, options: object) => () =>
      batchNormBackward(dy, x.data, { shape: [6, 4], mean, rstd, ...options });
    refuses(backward(short, {}), "E_SHAPE", "[batchNormBackward]", "as many values of dy as of x (24), got 3");
    refuses(backward(x.data, { rstd: undefined }), "E_SHAPE", "4 values of rstd, got undefined");
  });

  it("setRunningStats: another number of channels", () => {
    refuses(() => new BatchNorm(4).setRunningStats([1, 2], [1, 2]), "E_SHAPE", "4 means and variances", "2 and 2");
  });
});

describe("a batch without a variance", () => {
  it("is refused where it is empty", () => {
    for (const layer of [new BatchNorm(4), new Linear(4, 2), new ReLU(), new Dropout(0.5), new Flatten()]) {
      refuses(() => layer.forward(zeros([0, 4])), "E_BATCH", layer.constructor.name, "[0, 4]");
    }
    refuses(() => new BatchNorm(4).forward(zeros([2, 0, 4])), "E_BATCH", "at least one example", "[2, 0, 4]");
    refuses(() => batchNormForward(new Float32Array(0), { shape: [0, 4] }), "E_BATCH", "at least one example");
  });

  it("is refused in training where it has one value a channel, with what to do about it", () => {
    for (const [shape, axis] of [
      [[1, 4], 1],
      [[1, 4, 1, 1], 1],
      [[1, 1, 4], -1],
    ] as [number[], number][]) {
      const layer = new BatchNorm(4, { axis });
      refuses(() => layer.forward(ones(shape)), "E_BATCH", "[BatchNorm]", "more than one value a channel", "got 1");
      refuses(() => layer.forward(ones(shape)), "E_BATCH", "leave out a last batch of one, or use eval() or freeze()");
      expect(layer.eval().forward(ones(shape)).shape).toEqual(shape);
      expect(layer.train().freeze().forward(ones(shape)).shape).toEqual(shape);
    }
    refuses(() => batchNormForward(x.data.subarray(0, 4), { shape: [1, 4] }), "E_BATCH", "no variance");
  });

  it("is refused without running statistics in eval mode too: it would be normalized by itself", () => {
    const layer = new BatchNorm(4, { trackRunningStats: false }).eval();
    refuses(() => layer.forward(ones([1, 4])), "E_BATCH", "more than one value a channel");
  });

  it("changes nothing, whatever comes before the layer that refuses it", () => {
    const model = new Sequential(new BatchNorm(4), new Flatten(), new Dropout(0.5, { seed: 1 }), new BatchNorm(8));
    const bits = stateBits(model);
    const random = model.layers[2].random?.state;
    refuses(() => model.forward(ones([1, 2, 4])), "E_BATCH", "more than one value a channel");
    expect(stateBits(model)).toBe(bits);
    expect(model.layers[2].random?.state).toEqual(random);
  });
});

describe("a call at the wrong time", () => {
  it("backward before forward", () => {
    refuses(() => new BatchNorm(4).backward(x), "E_STATE", "[BatchNorm.backward]", "a forward pass before it");
  });

  it("backward after a forward pass that was refused", () => {
    const layer = new BatchNorm(4);
    layer.forward(x);
    refuses(() => layer.forward(ones([1, 4])), "E_BATCH");
    refuses(() => layer.backward(ones([1, 4])), "E_STATE", "a forward pass before it");
  });

  it("backward after configure: what forward left is gone", () => {
    afterAll(() => configure({}));
    const layer = new BatchNorm(4);
    layer.forward(x);
    configure({ build: "simd" });
    refuses(() => layer.backward(x), "E_STATE", "a forward pass before it");
  });

  it("freeze and setRunningStats without running statistics", () => {
    const layer = new BatchNorm(4, { trackRunningStats: false });
    refuses(() => layer.freeze(), "E_STATE", "running statistics", "trackRunningStats: false");
    refuses(() => layer.setRunningStats([], []), "E_STATE", "keeps running statistics");
  });
});

describe("something else where a tensor belongs", () => {
  it("a plain array, typed array, number or null", () => {
    const layer = new BatchNorm(4);
    for (const [value, name] of [
      [[[1, 2, 3, 4]], "an array"],
      [new Float32Array(4), "Float32Array"],
      [4, "a number"],
      [null, "null"],
      [undefined, "undefined"],
    ]) {
      const given = value as unknown as Tensor;
      const words = ["a Tensor (see tensor(data, shape))", `got ${name}`];
      refuses(() => layer.forward(given), "E_SHAPE", "[BatchNorm.forward]", ...words);
      refuses(() => layer.backward(given), "E_SHAPE", "[BatchNorm.backward]", ...words);
    }
  });

  it("a gradient of another shape than forward gave", () => {
    const layer = new Linear(4, 2);
    layer.forward(x);
    for (const shape of [[6, 4], [5, 2], [12]]) {
      refuses(() => layer.backward(ones(shape)), "E_SHAPE", "[Linear.backward]", "shape [6, 2], as forward gave");
    }
    expect(layer.weight.grad).toBeNull();
  });
});

describe("shapes that change from call to call", () => {
  it("work", () => {
    const layer = new BatchNorm(4);
    const alone = (n: number) => new BatchNorm(4).forward(randn([n, 4], { seed: n })).data;
    for (const n of [6, 2, 31, 6, 2]) expect(layer.forward(randn([n, 4], { seed: n })).data).toEqual(alone(n));
    expect(layer.forward(ones([2, 3, 4])).shape).toEqual([2, 3, 4]);
    expect(layer.backward(ones([2, 3, 4])).shape).toEqual([2, 3, 4]);
  });
});
