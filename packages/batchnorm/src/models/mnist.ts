import { check } from "../errors.ts";
import { ReLU, Sigmoid, Tanh } from "../layers/activation.ts";
import { BatchNorm } from "../layers/batchnorm.ts";
import { Linear } from "../layers/linear.ts";
import { Sequential } from "../layers/sequential.ts";
import { gaussian, initialize } from "../module/init.ts";
import { Module } from "../module/module.ts";
import { checkOptions } from "../options.ts";
import type { Value } from "../plan/graph.ts";

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

const KNOWN = ["batchNorm", "hidden", "activation", "sigma", "seed"] as const;

/** The paper's network for MNIST; see `mnistNetwork`. */
export class MnistNetwork extends Module {
  readonly hidden: readonly Sequential[];
  readonly output: Linear;

  constructor(options: MnistNetworkOptions = {}) {
    super();
    checkOptions("MnistNetwork", options, KNOWN);
    const { batchNorm = true, hidden = [100, 100, 100], activation = "sigmoid" } = options;
    const widths = [784, ...hidden];
    this.hidden = hidden.map((width, i) => {
      const linear = new Linear(widths[i], width, { bias: !batchNorm });
      return new Sequential(linear, ...(batchNorm ? [new BatchNorm(width)] : []), new activations[activation]());
    });
    this.output = new Linear(widths[hidden.length], 10);
  }

  override compose(x: Value): Value {
    for (const hidden of this.hidden) x = hidden.of(x);
    return this.output.of(x);
  }
}

/**
 * The paper's network for MNIST: 784 inputs, fully connected hidden layers, 10 logits; Gaussian initial weights.
 * With batch norm each hidden layer is Linear without bias, BatchNorm, activation; without, Linear, activation. State-dict
 * names: "hidden.0.0.weight", "hidden.0.1.running_mean", …, "output.bias".
 *
 * @throws BatchNormError E_VALUE for an activation or an option that is not known
 * @see    Ioffe & Szegedy 2015, §4.1
 */
export function mnistNetwork(options: MnistNetworkOptions = {}): MnistNetwork {
  checkOptions("mnistNetwork", options, KNOWN);
  const { activation = "sigmoid", sigma = 0.1, seed = 0 } = options;
  check(Object.hasOwn(activations, activation), "E_VALUE", "mnistNetwork", () => {
    return `expected activation ${Object.keys(activations).join(", ")}, got ${JSON.stringify(activation)}`;
  });
  const model = new MnistNetwork(options);
  initialize(model, gaussian(sigma), { seed });
  return model;
}
