/** Options that nobody reads are refused, in words that help. */
import {
  Adam,
  AveragePool2d,
  BatchNorm,
  batchNormBackward,
  batchNormForward,
  batchNormInference,
  ChannelMoments,
  Conv2d,
  configure,
  cosine,
  Dataset,
  Dropout,
  exponentialDecay,
  foldStateDict,
  he,
  Inference,
  initialize,
  Linear,
  MaxPool2d,
  randn,
  recalibrate,
  SGD,
  stepDecay,
  Trainer,
  WasmDevice,
  warmup,
} from "batchnorm";
import { diagnose } from "batchnorm/diagnose";
import { checkGradients, Graph, plainLoss, plainOptimizer } from "batchnorm/extend";
import { writeSafetensors } from "batchnorm/formats";
import { Inception, inception, MnistNetwork, mnistNetwork, ResNet, resnet } from "batchnorm/models";
import { describe, expect, it } from "vitest";
import { checkOptions } from "#dist/options.js";
import { refuses, rejects } from "./support/refusal.ts";

const known = ["stride", "padding", "groups", "bias"] as const;
const given = (options: object) => () => checkOptions("Conv2d", options as { stride?: number }, known as never);

describe("checkOptions", () => {
  it("takes known options, any number of them", () => {
    given({})();
    given({ bias: false, stride: 2 })();
    given({ bias: undefined })();
  });

  it("refuses others, and says which there are and which came", () => {
    const message = "[Conv2d] expected options stride, padding, groups, bias; got dilation";
    expect(given({ dilation: 2 })).toThrow(expect.objectContaining({ code: "E_VALUE", message }));
    refuses(given({ stride: 2, dilation: 2, transposed: true }), "E_VALUE", "; got dilation, transposed");
    refuses(given({ dilation: undefined }), "E_VALUE", "; got dilation");
  });

  it("refuses names that every object has", () => {
    refuses(given({ constructor: 1, toString: 2 }), "E_VALUE", "got constructor, toString");
  });

  it("refuses what is no object", () => {
    for (const [value, name] of [
      [null, "null"],
      [3, "number"],
      ["same", "string"],
    ]) {
      refuses(given(value as never), "E_VALUE", "[Conv2d] expected an object with options stride,", `got ${name}`);
    }
    refuses(given([3]), "E_VALUE", "; got 0");
  });

  it.each([
    ["epsilon", ["momentum", "eps"], "eps"],
    ["batch_size", ["steps", "batchSize"], "batchSize"],
    ["BatchSize", ["steps", "batchSize"], "batchSize"],
    ["learningRate", ["lr", "momentum"], "lr"],
    ["learning_rate", ["lr", "momentum"], "lr"],
    ["lerningRate", ["lr", "momentum"], "lr"],
    ["momentun", ["lr", "momentum"], "momentum"],
    ["momentm", ["lr", "momentum"], "momentum"],
    ["sacle", ["scale", "mean"], "scale"],
    ["aug", ["augment", "mean"], "augment"],
    ["weight_decay", ["lr", "weightDecay"], "weightDecay"],
  ])("asks for %s whether another is meant", (name, names, meant) => {
    const call = () => checkOptions<Record<string, unknown>>("here", { [name]: 1 }, names);
    refuses(call, "E_VALUE", `got ${name} (did you mean ${meant}?)`);
  });

  it.each([
    ["dilation", ["stride", "padding", "groups", "bias"]],
    ["xy", ["lr", "std"]],
    ["size", ["scale", "mean"]],
    ["", ["lr"]],
  ])("has no guess for %j", (name, names) => {
    const call = () => checkOptions<Record<string, unknown>>("here", { [name]: 1 }, names);
    expect(call).not.toThrow("did you mean");
    refuses(call, "E_VALUE", `got ${name}`);
  });
});

const x = new Float32Array(6);
const facts = { gamma: null, beta: null, mean: [0], variance: [1] };
const data = new Dataset({ data: x, shape: [3], labels: [0, 1] });

async function training(call: (trainer: Trainer) => Promise<unknown>): Promise<void> {
  await using trainer = new Trainer(new Linear(3, 3), { optimizer: new SGD({ lr: 0.1 }) });
  await call(trainer);
}

/** Whatever takes options: what it calls itself, the options that there are, and a call with another one among them. */
const takers: [where: string, known: string, call: (other: object) => unknown][] = [
  // Tensors and layers
  ["randn", "seed, mean, std", (other) => randn([2], other)],
  [
    "BatchNorm",
    "eps, momentum, affine, scale, center, trackRunningStats, axis, runningVariance, virtualBatchSize",
    (other) => new BatchNorm(3, other),
  ],
  [
    "BatchNorm.fromKeras",
    "gamma, beta, movingMean, movingVariance, epsilon, momentum, axis",
    (other) => BatchNorm.fromKeras({ movingMean: [0], movingVariance: [1], epsilon: 1e-3, ...other }),
  ],
  ["Linear", "bias", (other) => new Linear(3, 3, other)],
  ["Conv2d", "stride, padding, groups, bias", (other) => new Conv2d(3, 8, 3, other)],
  ["MaxPool2d", "stride, padding", (other) => new MaxPool2d(2, other)],
  ["AveragePool2d", "stride, padding, countPadding", (other) => new AveragePool2d(2, other)],
  ["Dropout", "seed", (other) => new Dropout(0.5, other)],
  ["loadStateDict", "strict", (other) => new Linear(3, 3).loadStateDict(new Linear(3, 3).stateDict(), other)],
  ["initialize", "seed", (other) => initialize(new Linear(3, 3), he(), { seed: 1, ...other })],

  // Training
  [
    "Trainer",
    "optimizer, loss, schedule, seed, shards, convolution, device, threads, deterministic, build",
    (other) => new Trainer(new Linear(3, 3), { optimizer: new SGD({ lr: 0.1 }), ...other }),
  ],
  [
    "fit",
    "steps, epochs, untilStep, untilEpoch, batchSize, lastBatch, every, signal",
    (other) => training((trainer) => trainer.fit(data, { steps: 1, batchSize: 2, ...other })),
  ],
  [
    "fit",
    "steps, epochs, untilStep, untilEpoch, batchSize, lastBatch, every, signal",
    (other) => training((trainer) => trainer.iterate(data, { steps: 1, batchSize: 2, ...other }).next()),
  ],
  ["evaluate", "batchSize", (other) => training((trainer) => trainer.evaluate(data, other))],
  ["predict", "batchSize", (other) => training((trainer) => trainer.predict(data, other))],
  [
    "Dataset",
    "data, shape, labels, scale, mean, std, augment",
    (other) => new Dataset({ data: new Float32Array(6), shape: [3], labels: [0, 1], ...other }),
  ],
  [
    "Dataset",
    "crop, flip",
    (augment) => new Dataset({ data: new Float32Array(4), shape: [2, 2, 1], labels: [0], augment }),
  ],
  ["SGD", "lr, weightDecay, groups, momentum, nesterov", (other) => new SGD({ lr: 0.1, ...other })],
  ["Adam", "lr, weightDecay, groups, beta1, beta2, eps, decoupled", (other) => new Adam({ lr: 0.1, ...other })],
  [
    "SGD",
    "parameters, weightDecay, lrFactor",
    (other) => new SGD({ lr: 0.1, groups: [{ parameters: new Linear(3, 3).parameters(), ...other }] }),
  ],
  ["stepDecay", "every, factor", (other) => stepDecay({ every: 1, factor: 1, ...other })],
  ["exponentialDecay", "every, factor", (other) => exponentialDecay({ every: 1, factor: 1, ...other })],
  ["cosine", "steps, floor", (other) => cosine({ steps: 2, ...other })],
  ["warmup", "steps, after", (other) => warmup({ steps: 2, ...other })],

  // Trained models
  [
    "Inference",
    "convolution, device, threads, deterministic, build",
    (other) => new Inference(new Linear(3, 3), other),
  ],
  [
    "foldStateDict",
    "layer, batchNorm, eps, transposedGroups",
    (other) => foldStateDict({}, [{ layer: "fc", batchNorm: "bn", ...other }]),
  ],
  ["recalibrate", "onePass, prior", (other) => recalibrate(new BatchNorm(3), [randn([4, 3], { seed: 1 })], other)],
  [
    "diagnose",
    "gamma, beta, mean, variance, eps, batchesTracked, training",
    (other) => diagnose({ ...facts, eps: 1e-5, batchesTracked: 1, training: false, ...other }),
  ],
  ["safetensors", "tensors, metadata", (other) => writeSafetensors({ tensors: {}, ...other })],

  // Functions of arrays
  ["batchNormForward", "shape, axis, gamma, beta, eps", (other) => batchNormForward(x, { shape: [2, 3], ...other })],
  [
    "batchNormBackward",
    "shape, axis, gamma, mean, rstd, batchStatistics",
    (other) => batchNormBackward(x, x, { shape: [2, 3], mean: [0, 0, 0], rstd: [1, 1, 1], ...other }),
  ],
  [
    "batchNormInference",
    "shape, axis, gamma, beta, eps, mean, variance",
    (other) => batchNormInference(x, { shape: [2, 3], mean: [0, 0, 0], variance: [1, 1, 1], ...other }),
  ],
  ["ChannelMoments.add", "shape, axis", (other) => new ChannelMoments(3).add(x, { shape: [2, 3], ...other })],

  // Devices
  ["Device", "threads, deterministic, build", (other) => new WasmDevice(other)],
  ["configure", "threads, deterministic, build, convolution", (other) => configure(other)],

  // Models
  ["resnet", "depth, width, classes, inChannels, batchNorm, seed", (other) => resnet(other)],
  ["ResNet", "depth, width, classes, inChannels, batchNorm, seed", (other) => new ResNet(1, other)],
  ["inception", "batchNorm, activation, dropout, classes, inChannels, gain, seed", (other) => inception(other)],
  ["Inception", "batchNorm, activation, dropout, classes, inChannels, gain, seed", (other) => new Inception(other)],
  ["mnistNetwork", "batchNorm, hidden, activation, sigma, seed", (other) => mnistNetwork(other)],
  ["MnistNetwork", "batchNorm, hidden, activation, sigma, seed", (other) => new MnistNetwork(other)],

  // What layers, losses and optimizers of one's own are made with
  [
    "checkGradients",
    "shape, seed, places, device",
    (other) => checkGradients(new Linear(3, 3), { shape: [2, 3], ...other }),
  ],
  ["plainLoss", "name, compute", (other) => plainLoss({ name: "none", compute: () => 0, ...other })],
  [
    "plainOptimizer",
    "name, lr, memory, groups, step",
    (other) => plainOptimizer({ name: "none", lr: 0, step() {}, ...other }),
  ],
  ["Graph", "shapes", (other) => new Graph(() => null, other)],
];

describe("options that nobody reads are refused by", () => {
  it.each(takers)("%s (%s)", async (where, known, call) => {
    const expected = `[${where}] expected options ${known}; got nonesuch`;
    await rejects(async () => await call({ nonesuch: 1 }), "E_VALUE", expected);
  });

  it("layers, which name the one that is meant", () => {
    refuses(() => new BatchNorm(8, { epsilon: 1e-3 } as object), "E_VALUE", "got epsilon (did you mean eps?)");
    refuses(() => new AveragePool2d(2, { strides: 1 } as object), "E_VALUE", "got strides (did you mean stride?)");
    refuses(() => new Linear(8, 8, false as never), "E_VALUE", "[Linear] expected an object with options bias; got");
  });
});
