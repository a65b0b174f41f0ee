import { check } from "../errors.ts";
import { ReLU } from "../layers/activation.ts";
import { add } from "../layers/add.ts";
import { BatchNorm } from "../layers/batchnorm.ts";
import { Conv2d } from "../layers/conv.ts";
import { Identity } from "../layers/identity.ts";
import { Linear } from "../layers/linear.ts";
import { GlobalAveragePool } from "../layers/pool.ts";
import { Sequential } from "../layers/sequential.ts";
import { he, initialize } from "../module/init.ts";
import type { Layer } from "../module/layer.ts";
import { Module } from "../module/module.ts";
import { checkOptions } from "../options.ts";
import type { Value } from "../plan/graph.ts";

export interface ResNetOptions {
  /** Convolutions and the linear layer on the longest way, shortcuts aside: 6n + 2. Default 20. */
  depth?: number;
  /** Channels of the first stage; the second has twice, the third four times as many. Default 16. */
  width?: number;
  /** Default 10. */
  classes?: number;
  /** Default 3. */
  inChannels?: number;
  /** Default true. */
  batchNorm?: boolean;
  /** Of the initial weights. Default 0. */
  seed?: number;
}

const KNOWN = ["depth", "width", "classes", "inChannels", "batchNorm", "seed"] as const;

/** How layers of a network are normalized: with batch norm, or not at all. */
type Norm = (channels: number) => Layer;

const conv3x3 = (from: number, to: number, stride: number, bias: boolean) =>
  new Conv2d(from, to, 3, { stride, padding: 1, bias });

/** Two 3×3 convolutions and a shortcut around them. */
class BasicBlock extends Module {
  readonly conv1: Conv2d;
  readonly bn1: Layer;
  readonly conv2: Conv2d;
  readonly bn2: Layer;
  readonly downsample: Sequential | null;
  readonly relu = new ReLU();

  constructor(from: number, to: number, stride: number, norm: Norm) {
    super();
    this.bn1 = norm(to);
    const bias = this.bn1 instanceof Identity;
    this.conv1 = conv3x3(from, to, stride, bias);
    this.conv2 = conv3x3(to, to, 1, bias);
    this.bn2 = norm(to);
    const same = from === to && stride === 1;
    this.downsample = same ? null : new Sequential(new Conv2d(from, to, 1, { stride, bias }), norm(to));
  }

  override compose(x: Value): Value {
    const y = this.relu.of(this.bn1.of(this.conv1.of(x)));
    const identity = this.downsample ? this.downsample.of(x) : x;
    return this.relu.of(add(this.bn2.of(this.conv2.of(y)), identity));
  }
}

/** A residual network for small images; see `resnet`. */
export class ResNet extends Module {
  readonly conv1: Conv2d;
  readonly bn1: Layer;
  readonly relu = new ReLU();
  readonly layer1: Sequential;
  readonly layer2: Sequential;
  readonly layer3: Sequential;
  readonly avgpool = new GlobalAveragePool();
  readonly fc: Linear;

  constructor(blocks: number, options: ResNetOptions = {}) {
    super();
    checkOptions("ResNet", options, KNOWN);
    const { width = 16, classes = 10, inChannels = 3, batchNorm = true } = options;
    const norm: Norm = (channels) => (batchNorm ? new BatchNorm(channels) : new Identity());
    this.conv1 = conv3x3(inChannels, width, 1, !batchNorm);
    this.bn1 = norm(width);
    const stage = (from: number, to: number, stride: number) =>
      new Sequential(
        ...Array.from({ length: blocks }, (_, i) => new BasicBlock(i ? to : from, to, i ? 1 : stride, norm)),
      );
    this.layer1 = stage(width, width, 1);
    this.layer2 = stage(width, 2 * width, 2);
    this.layer3 = stage(2 * width, 4 * width, 2);
    this.fc = new Linear(4 * width, classes);
  }

  override compose(x: Value): Value {
    const stem = this.relu.of(this.bn1.of(this.conv1.of(x)));
    const features = this.layer3.of(this.layer2.of(this.layer1.of(stem)));
    return this.fc.of(this.avgpool.of(features));
  }
}

/**
 * The residual network for small images such as CIFAR-10's: a 3×3 convolution, three stages of (depth − 2) / 6 blocks of
 * two convolutions, the later two starting at stride 2, the mean over each channel, a linear layer. Where a block changes
 * the shape its shortcut is a 1×1 convolution with batch norm. Takes images [N, H, W, inChannels], gives logits.
 * State-dict names are torchvision's: "conv1.weight", "layer2.0.downsample.1.running_mean", "fc.bias".
 *
 * @throws BatchNormError E_VALUE for a depth that is not 6n + 2, or an option that is not known
 * @see    He et al. 2016, "Deep Residual Learning for Image Recognition", §4.2
 */
export function resnet(options: ResNetOptions = {}): ResNet {
  checkOptions("resnet", options, KNOWN);
  const { depth = 20, seed = 0 } = options;
  const blocks = (depth - 2) / 6;
  check(Number.isInteger(blocks) && blocks > 0, "E_VALUE", "resnet", () => `expected a depth of 6n + 2, got ${depth}`);
  const model = new ResNet(blocks, options);
  initialize(model, he(), { seed });
  return model;
}
