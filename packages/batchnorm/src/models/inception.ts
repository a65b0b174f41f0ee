import { check } from "../errors.ts";
import { ReLU, Sigmoid } from "../layers/activation.ts";
import { BatchNorm } from "../layers/batchnorm.ts";
import { concat } from "../layers/concat.ts";
import { Conv2d } from "../layers/conv.ts";
import { Dropout } from "../layers/dropout.ts";
import { Linear } from "../layers/linear.ts";
import { AveragePool2d, GlobalAveragePool, MaxPool2d } from "../layers/pool.ts";
import { Sequential } from "../layers/sequential.ts";
import { he, initialize, xavier } from "../module/init.ts";
import type { Layer } from "../module/layer.ts";
import { Module } from "../module/module.ts";
import { checkOptions } from "../options.ts";
import type { Value } from "../plan/graph.ts";

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

const KNOWN = ["batchNorm", "activation", "dropout", "classes", "inChannels", "gain", "seed"] as const;

/** Channels of a block's four branches; `projected` 0: the pooled input is passed on as it is. */
interface Row {
  one: number;
  three: readonly [reduced: number, out: number];
  double: readonly [reduced: number, middle: number, out: number];
  pool: "average" | "max";
  projected: number;
  stride: 1 | 2;
}

/** After the table in the paper's appendix, with a tenth of its channels. */
const table: readonly Row[] = [
  { one: 16, three: [16, 24], double: [16, 24, 24], pool: "average", projected: 8, stride: 1 },
  { one: 0, three: [24, 32], double: [16, 24, 24], pool: "max", projected: 0, stride: 2 },
  { one: 32, three: [24, 32], double: [16, 24, 24], pool: "average", projected: 16, stride: 1 },
  { one: 32, three: [24, 32], double: [24, 32, 32], pool: "average", projected: 16, stride: 1 },
  { one: 0, three: [32, 48], double: [24, 32, 32], pool: "max", projected: 0, stride: 2 },
  { one: 64, three: [48, 64], double: [24, 48, 48], pool: "average", projected: 32, stride: 1 },
  { one: 64, three: [48, 64], double: [24, 48, 48], pool: "max", projected: 32, stride: 1 },
];

/** Makes a convolution with what comes after it. */
type Unit = (from: number, to: number, kernel: number, stride?: number) => Sequential;

function unitOf({ batchNorm = true, activation = "relu" }: InceptionOptions): Unit {
  return (from, to, kernel, stride = 1) => {
    const conv = new Conv2d(from, to, kernel, { stride, padding: (kernel - 1) / 2, bias: !batchNorm });
    return new Sequential(conv, ...(batchNorm ? [new BatchNorm(to)] : []), new activations[activation]());
  };
}

/** Four branches over the same input, side by side; the second of two 3×3 convolutions sees what a 5×5 one would. */
class InceptionBlock extends Module {
  readonly branch1x1: Layer | null;
  readonly branch3x3: Sequential;
  readonly branch3x3dbl: Sequential;
  readonly branchPool: Sequential;

  constructor(channels: number, { one, three, double, pool, projected, stride }: Row, unit: Unit) {
    super();
    const Pool = pool === "max" ? MaxPool2d : AveragePool2d;
    this.branch1x1 = one ? unit(channels, one, 1) : null;
    this.branch3x3 = new Sequential(unit(channels, three[0], 1), unit(three[0], three[1], 3, stride));
    this.branch3x3dbl = new Sequential(
      unit(channels, double[0], 1),
      unit(double[0], double[1], 3),
      unit(double[1], double[2], 3, stride),
    );
    const projection = projected ? [unit(channels, projected, 1)] : [];
    this.branchPool = new Sequential(new Pool(3, { stride, padding: 1 }), ...projection);
  }

  override compose(x: Value): Value {
    const one = this.branch1x1 ? [this.branch1x1.of(x)] : [];
    return concat(...one, this.branch3x3.of(x), this.branch3x3dbl.of(x), this.branchPool.of(x));
  }
}

/** A small Inception; see `inception`. */
export class Inception extends Module {
  readonly stem: Sequential;
  readonly blocks: readonly InceptionBlock[];
  readonly avgpool = new GlobalAveragePool();
  readonly dropout: Dropout | null;
  readonly fc: Linear;

  constructor(options: InceptionOptions = {}) {
    super();
    checkOptions("Inception", options, KNOWN);
    const { dropout = 0, classes = 10, inChannels = 3, seed = 0 } = options;
    const unit = unitOf(options);
    let channels = 32;
    this.stem = new Sequential(unit(inChannels, channels, 3), new MaxPool2d(3, { stride: 2, padding: 1 }));
    this.blocks = table.map((row) => {
      const block = new InceptionBlock(channels, row, unit);
      channels = row.one + row.three[1] + row.double[2] + (row.projected || channels);
      return block;
    });
    this.dropout = dropout > 0 ? new Dropout(dropout, { seed }) : null;
    this.fc = new Linear(channels, classes);
  }

  override compose(x: Value): Value {
    const features = this.blocks.reduce((value, block) => block.of(value), this.stem.of(x));
    const mean = this.avgpool.of(features);
    return this.fc.of(this.dropout ? this.dropout.of(mean) : mean);
  }
}

/**
 * A small Inception for images such as CIFAR-10's, built as the paper's: 5×5 convolutions are two of 3×3, average and max
 * pooling are mixed, and two blocks have stride 2 instead of a pooling layer between blocks. A 3×3 convolution and a
 * max pooling come first; the mean over each channel, Dropout and a linear layer last. Takes [N, H, W, inChannels], gives
 * logits. Initial weights are He et al.'s for ReLU and Glorot's for sigmoid.
 *
 * @throws BatchNormError E_VALUE for an activation or option that is not known, dropout outside [0, 1), or a gain that is
 *         not positive
 * @see    Ioffe & Szegedy 2015, appendix
 */
export function inception(options: InceptionOptions = {}): Inception {
  checkOptions("inception", options, KNOWN);
  const { activation = "relu", dropout = 0, gain = 1, seed = 0 } = options;
  check(Object.hasOwn(activations, activation), "E_VALUE", "inception", () => {
    return `expected activation ${Object.keys(activations).join(" or ")}, got ${JSON.stringify(activation)}`;
  });
  check(dropout >= 0 && dropout < 1, "E_VALUE", "inception", () => `expected dropout in [0, 1), got ${dropout}`);
  check(gain > 0, "E_VALUE", "inception", () => `expected a positive gain, got ${gain}`);
  const model = new Inception(options);
  const draw = activation === "relu" ? he() : xavier();
  initialize(model, (fanIn, fanOut, random) => gain * draw(fanIn, fanOut, random), { seed });
  return model;
}
