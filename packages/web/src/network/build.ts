import { BatchNorm, gaussian, initialize, type Layer, Linear, ReLU, Sequential, Sigmoid, Tanh } from "batchnorm";
import { CLASSES, IMAGE_SIZE } from "../data/digits.ts";
import type { Activation } from "../state/experiment.ts";

const activations = { sigmoid: Sigmoid, tanh: Tanh, relu: ReLU };

/** A network in words that can be sent to a worker. */
export interface NetworkPlan {
  /** for each hidden layer, whether it has batch norm */
  readonly norms: readonly boolean[];
  readonly width: number;
  readonly activation: Activation;
  /** standard deviation of the initial weights */
  readonly sigma: number;
  readonly seed: number;
}

export interface Network {
  readonly model: Sequential;
  /** of each hidden layer */
  readonly activations: readonly Layer[];
}

/**
 * 784 inputs, hidden layers, 10 logits, with weights drawn from the seed: the same with batch norm and without.
 *
 * @param averages  false: batch norm keeps no averages, and goes by the statistics of every batch, in eval mode too
 */
export function buildNetwork({ norms, width, activation, sigma, seed }: NetworkPlan, averages = true): Network {
  const hidden = norms.map((norm, i) => ({
    before: [
      new Linear(i === 0 ? IMAGE_SIZE : width, width, { bias: !norm }),
      ...(norm ? [new BatchNorm(width, { trackRunningStats: averages })] : []),
    ],
    activation: new activations[activation](),
  }));
  const layers = hidden.flatMap((layer): Layer[] => [...layer.before, layer.activation]);
  const model = new Sequential(...layers, new Linear(width, CLASSES));
  initialize(model, gaussian(sigma), { seed });
  return { model, activations: hidden.map((layer) => layer.activation) };
}
