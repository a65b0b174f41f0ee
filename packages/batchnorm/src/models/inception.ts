import { check } from "../errors.ts";
import { ReLU, Sigmoid } from "../layers/activation.ts";
import { BatchNorm } from "../layers/batchnorm.ts";
import { Concat } from "../layers/concat.ts";
import { Conv2d } from "../layers/conv.ts";
import { Dropout } from "../layers/dropout.ts";
import { he, initialize, xavier } from "../layers/init.ts";
import type { Layer } from "../layers/layer.ts";
import { Linear } from "../layers/linear.ts";
import { AveragePool2d, GlobalAveragePool, MaxPool2d } from "../layers/pool.ts";
import { Sequential } from "../layers/sequential.ts";

const activations = { relu: ReLU, sigmoid: Sigmoid };

export interface InceptionOptions {
  /** After every convolution. Default true. */
  batchNorm?: boolean;
  /** Default "relu". */
  activation?: keyof typeof activations;
  /** Share of the last features that is dropped in training. Default 0: no Dropout layer. */
  dropout?: number;
  /** Default 10. */
  classes?: number;
  /** Default 3. */
  inChannels?: number;
  /** Initial weights are so many times as large. Default 1. */
  gain?: number;
  /** Of the initial weights and of Dropout. Default 0. */
  seed?: number;
}

/** Channels of a module's four branches; `pool` 0: the pooled input is passed on as it is. */
interface Module {
  one: number;
  three: readonly [reduced: number, out: number];
  double: readonly [reduced: number, middle: number, out: number];
  pool: "average" | "max";
  projected: number;
  stride: 1 | 2;
}

/** After the table in the paper's appendix, with a tenth of its channels. */
const modules: readonly Module[] = [
  { one: 16, three: [16, 24], double: [16, 24, 24], pool: "average", projected: 8, stride: 1 },
  { one: 0, three: [24, 32], double: [16, 24, 24], pool: "max", projected: 0, stride: 2 },
  { one: 32, three: [24, 32], double: [16, 24, 24], pool: "average", projected: 16, stride: 1 },
  { one: 32, three: [24, 32], double: [24, 32, 32], pool: "average", projected: 16, stride: 1 },
  { one: 0, three: [32, 48], double: [24, 32, 32], pool: "max", projected: 0, stride: 2 },
  { one: 64, three: [48, 64], double: [24, 48, 48], pool: "average", projected: 32, stride: 1 },
  { one: 64, three: [48, 64], double: [24, 48, 48], pool: "max", projected: 32, stride: 1 },
];

/**
 * A small Inception for images such as CIFAR-10's, built as the paper's: 5×5 convolutions are two of 3×3, average and max
 * pooling are mixed, and two modules have stride 2 instead of a pooling layer between modules. A 3×3 convolution and a
 * max pooling come first; the mean over each channel, Dropout and a linear layer last. Takes [N, H, W, inChannels], gives
 * logits. Initial weights are He et al.'s for ReLU and Glorot's for sigmoid.
 *
 * @throws BatchNormError E_VALUE for an activation that is not known, dropout outside [0, 1), or a gain that is not positive
 * @see    Ioffe & Szegedy 2015, appendix
 */
export function inception(options: InceptionOptions = {}): Sequential {
  const { batchNorm = true, activation = "relu", dropout = 0, classes = 10, inChannels = 3 } = options;
  const { gain = 1, seed = 0 } = options;
  check(Object.hasOwn(activations, activation), "E_VALUE", "inception", () => {
    return `expected activation ${Object.keys(activations).join(" or ")}, got ${JSON.stringify(activation)}`;
  });
  check(dropout >= 0 && dropout < 1, "E_VALUE", "inception", () => `expected dropout in [0, 1), got ${dropout}`);
  check(gain > 0, "E_VALUE", "inception", () => `expected a positive gain, got ${gain}`);
  const unit = (from: number, to: number, kernel: number, stride = 1): Layer[] => {
    const conv = new Conv2d(from, to, kernel, { stride, padding: (kernel - 1) / 2, bias: !batchNorm });
    return [conv, ...(batchNorm ? [new BatchNorm(to)] : []), new activations[activation]()];
  };
  const stem = 32;
  const layers: Layer[] = [...unit(inChannels, stem, 3), new MaxPool2d(3, { stride: 2, padding: 1 })];
  let channels = stem;
  for (const module of modules) {
    const { one, three, double, projected, stride } = module;
    const Pool = module.pool === "max" ? MaxPool2d : AveragePool2d;
    const branches = [
      [...unit(channels, three[0], 1), ...unit(three[0], three[1], 3, stride)],
      [...unit(channels, double[0], 1), ...unit(double[0], double[1], 3), ...unit(double[1], double[2], 3, stride)],
      [new Pool(3, { stride, padding: 1 }), ...(projected ? unit(channels, projected, 1) : [])],
    ];
    if (one) branches.unshift(unit(channels, one, 1));
    layers.push(new Concat(...branches.map((branch) => new Sequential(...branch))));
    channels = one + three[1] + double[2] + (projected || channels);
  }
  layers.push(new GlobalAveragePool());
  if (dropout > 0) layers.push(new Dropout(dropout, { seed }));
  const model = new Sequential(...layers, new Linear(channels, classes));
  const draw = activation === "relu" ? he() : xavier();
  initialize(model, (fanIn, fanOut, random) => gain * draw(fanIn, fanOut, random), { seed });
  return model;
}
