import { check } from "../errors.ts";
import { ReLU } from "../layers/activation.ts";
import { BatchNorm } from "../layers/batchnorm.ts";
import { Conv2d } from "../layers/conv.ts";
import { he, initialize } from "../layers/init.ts";
import type { Layer } from "../layers/layer.ts";
import { Linear } from "../layers/linear.ts";
import { GlobalAveragePool } from "../layers/pool.ts";
import { Residual } from "../layers/residual.ts";
import { Sequential } from "../layers/sequential.ts";

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

/**
 * The residual network for small images such as CIFAR-10's: a 3×3 convolution, three stages of (depth − 2) / 6 blocks of
 * two convolutions, the later two starting at stride 2, the mean over each channel, a linear layer. Where a block changes
 * the shape its shortcut is a 1×1 convolution with batch norm. Takes images [N, H, W, inChannels], gives logits.
 *
 * @throws BatchNormError E_VALUE for a depth that is not 6n + 2
 * @see    He et al. 2016, "Deep Residual Learning for Image Recognition", §4.2
 */
export function resnet(options: ResNetOptions = {}): Sequential {
  const { depth = 20, width = 16, classes = 10, inChannels = 3, batchNorm = true, seed = 0 } = options;
  const blocks = (depth - 2) / 6;
  check(Number.isInteger(blocks) && blocks > 0, "E_VALUE", "resnet", () => `expected a depth of 6n + 2, got ${depth}`);
  const layers: Layer[] = [...convolution(inChannels, width, 3, 1, batchNorm), new ReLU()];
  let channels = width;
  for (let i = 0; i < 3 * blocks; i++) {
    const stage = Math.floor(i / blocks);
    const out = width * 2 ** stage;
    const stride = stage > 0 && i % blocks === 0 ? 2 : 1;
    layers.push(block(channels, out, stride, batchNorm), new ReLU());
    channels = out;
  }
  const model = new Sequential(...layers, new GlobalAveragePool(), new Linear(channels, classes));
  initialize(model, he(), { seed });
  return model;
}

function convolution(from: number, to: number, kernel: number, stride: number, batchNorm: boolean): Layer[] {
  const conv = new Conv2d(from, to, kernel, { stride, padding: (kernel - 1) / 2, bias: !batchNorm });
  return batchNorm ? [conv, new BatchNorm(to)] : [conv];
}

function block(from: number, to: number, stride: number, batchNorm: boolean): Residual {
  const first = convolution(from, to, 3, stride, batchNorm);
  const main = new Sequential(...first, new ReLU(), ...convolution(to, to, 3, 1, batchNorm));
  const same = from === to && stride === 1;
  return new Residual(main, same ? null : new Sequential(...convolution(from, to, 1, stride, batchNorm)));
}
