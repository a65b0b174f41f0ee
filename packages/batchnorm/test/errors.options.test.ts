/** Options outside their range: refused where they are given, with what was expected and what came. */
import {
  BatchNorm,
  type BatchNormOptions,
  batchNormForward,
  batchNormInference,
  cosine,
  Dropout,
  exponentialDecay,
  gaussian,
  Linear,
  Random,
  randn,
  type Schedule,
  stepDecay,
  warmup,
} from "batchnorm";
import { mnistNetwork } from "batchnorm/models";
import { describe, expect, it } from "vitest";
import { refuses } from "./support/refusal.ts";
import { stateBits } from "./support/training.ts";

const x = randn([6, 4], { seed: 1 });

describe("an option out of range", () => {
  const batchNorm = (options: BatchNormOptions) => () => new BatchNorm(4, options);

  it("BatchNorm: eps", () => {
    for (const eps of [-1e-5, Number.NaN, Number.POSITIVE_INFINITY]) {
      refuses(batchNorm({ eps }), "E_VALUE", "[BatchNorm]", "eps of at least 0", `got ${eps}`);
    }
    for (const eps of [-1, Number.NaN]) {
      refuses(() => batchNormForward(x.data, { shape: [6, 4], eps }), "E_VALUE", "eps of at least 0", `got ${eps}`);
    }
  });

  it("BatchNorm: momentum, with what it means", () => {
    for (const momentum of [-0.1, 1.1, Number.NaN]) {
      refuses(batchNorm({ momentum }), "E_VALUE", "[0, 1], the weight of the new value, or null", `got ${momentum}`);
    }
  });

  it("BatchNorm: channels, axis and the kind of the running variance", () => {
    for (const n of [0, -1, 1.5, Number.NaN, "4"]) {
      refuses(() => new BatchNorm(n as number), "E_VALUE", "a positive number of channels", `got ${n}`);
    }
    refuses(batchNorm({ axis: 0.5 }), "E_VALUE", "an integer axis", "got 0.5");
    refuses(batchNorm({ runningVariance: "both" as "biased" }), "E_VALUE", '"unbiased" or "biased"', 'got "both"');
  });

  it("a variance below 0 or NaN", () => {
    const layer = new BatchNorm(2);
    const state = layer.stateDict();
    const bits = stateBits(layer);
    for (const v of [-1, Number.NaN]) {
      const running_var = { shape: [2], data: [1, v] };
      refuses(() => layer.loadStateDict({ ...state, running_var }), "E_VALUE", "variances of at least 0", `got ${v}`);
      refuses(() => layer.setRunningStats([0, 0], [1, v]), "E_VALUE", "variances of at least 0", `got ${v}`);
      const keras = { movingMean: [0, 0], movingVariance: [1, v], epsilon: 1e-3 };
      refuses(() => BatchNorm.fromKeras(keras), "E_VALUE", "variances of at least 0", `got ${v}`);
      const inference = { shape: [6, 4], mean: [0, 0, 0, 0], variance: [1, 1, 1, v] };
      refuses(() => batchNormInference(x.data, inference), "E_VALUE", "variances of at least 0", `got ${v}`);
    }
    expect(stateBits(layer)).toBe(bits);
  });

  it("fromKeras: no epsilon, which has no default of its own here", () => {
    const keras = { movingMean: [0], movingVariance: [1] } as never;
    refuses(() => BatchNorm.fromKeras(keras), "E_VALUE", "[BatchNorm.fromKeras]", "epsilon", "got undefined");
  });

  it("Dropout: p", () => {
    for (const p of [-0.1, 1, 1.5, Number.NaN]) {
      refuses(() => new Dropout(p), "E_VALUE", "[Dropout]", "probability in [0, 1)", `got ${p}`);
    }
  });

  it("Linear, initializers, seeds, the network's activation", () => {
    refuses(() => new Linear(0, 4), "E_VALUE", "[Linear]", "positive number of features", "got 0");
    refuses(() => new Linear(4, 2.5), "E_VALUE", "[Linear]", "positive number of features", "got 2.5");
    refuses(() => gaussian(-1), "E_VALUE", "[gaussian]", "standard deviation of at least 0", "got -1");
    for (const seed of [0.5, Number.NaN, 2 ** 53]) refuses(() => new Random(seed), "E_VALUE", "integer", `got ${seed}`);
    for (const std of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
      refuses(() => randn([2], { std }), "E_VALUE", "[randn]", "standard deviation of at least 0", `got ${std}`);
    }
    refuses(() => randn([2], { mean: Number.NaN }), "E_VALUE", "[randn]", "a finite mean", "got NaN");
    const activation = "swish" as "relu";
    refuses(() => mnistNetwork({ activation }), "E_VALUE", "sigmoid, tanh, relu", 'got "swish"');
  });

  it("schedules", () => {
    for (const decay of [stepDecay, exponentialDecay]) {
      const where = `[${decay.name}]`;
      refuses(() => decay({ every: 0, factor: 0.5 }), "E_VALUE", where, "a positive number of steps", "got 0");
      for (const factor of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
        refuses(() => decay({ every: 2, factor }), "E_VALUE", where, "a positive factor", `got ${factor}`);
      }
    }
    refuses(() => cosine({ steps: 0 }), "E_VALUE", "[cosine]", "a positive number of steps", "got 0");
    refuses(() => cosine({ steps: 5, floor: Number.NaN }), "E_VALUE", "[cosine]", "finite number as floor", "got NaN");
    refuses(() => warmup({ steps: -1 }), "E_VALUE", "[warmup]", "at least 0 steps", "got -1");
    refuses(() => warmup({ steps: 1, after: 0.5 as unknown as Schedule }), "E_VALUE", "a schedule as after");
  });
});
