import { check } from "../errors.ts";
import { ReLU, Sigmoid, Tanh } from "../layers/activation.ts";
import { BatchNorm } from "../layers/batchnorm.ts";
import { gaussian, initialize } from "../layers/init.ts";
import type { Layer } from "../layers/layer.ts";
import { Linear } from "../layers/linear.ts";
import { Sequential } from "../layers/sequential.ts";

const activations = { sigmoid: Sigmoid, tanh: Tanh, relu: ReLU };

export interface MnistNetworkOptions {
  /** Default true. */
  batchNorm?: boolean;
  /** Widths of the hidden layers. Default [100, 100, 100], the paper's. */
  hidden?: readonly number[];
  /** Default "sigmoid", the paper's. */
  activation?: keyof typeof activations;
  /** Standard deviation of the initial weights. Default 0.1. */
  sigma?: number;
  /** Of the initial weights. Default 0. */
  seed?: number;
}

/**
 * The paper's network for MNIST: 784 inputs, fully connected hidden layers, 10 logits; Gaussian initial weights.
 * With batch norm each hidden layer is Linear without bias, BatchNorm, activation; without, Linear, activation.
 *
 * @see Ioffe & Szegedy 2015, §4.1
 */
export function mnistNetwork(options: MnistNetworkOptions = {}): Sequential {
  const { batchNorm = true, hidden = [100, 100, 100], activation = "sigmoid", sigma = 0.1, seed = 0 } = options;
  check(Object.hasOwn(activations, activation), "E_VALUE", "mnistNetwork", () => {
    return `expected activation ${Object.keys(activations).join(", ")}, got ${JSON.stringify(activation)}`;
  });
  const layers: Layer[] = [];
  let width = 784;
  for (const next of hidden) {
    layers.push(new Linear(width, next, { bias: !batchNorm }));
    if (batchNorm) layers.push(new BatchNorm(next));
    layers.push(new activations[activation]());
    width = next;
  }
  layers.push(new Linear(width, 10));
  const model = new Sequential(...layers);
  initialize(model, gaussian(sigma), { seed });
  return model;
}
