import { check } from "../errors.ts";
import { checkOptions } from "../options.ts";
import { Random } from "../tensor/random.ts";
import type { Layer } from "./layer.ts";

/** Draws one weight of a matrix or convolution with so many inputs and outputs of each value. */
export type Initializer = (fanIn: number, fanOut: number, random: Random) => number;

/** Normal with the given standard deviation, whatever the layer's size. */
export function gaussian(sigma: number): Initializer {
  check(sigma >= 0, "E_VALUE", "gaussian", () => `expected a standard deviation of at least 0, got ${sigma}`);
  return (_in, _out, random) => sigma * random.normal();
}

/** Uniform on ±√(6 / (in + out)): Glorot & Bengio 2010, for sigmoid and tanh. */
export function xavier(): Initializer {
  return (fanIn, fanOut, random) => (2 * random.uniform() - 1) * Math.sqrt(6 / (fanIn + fanOut));
}

/** Normal with variance 2 / in: He et al. 2015, for ReLU. */
export function he(): Initializer {
  return (fanIn, _out, random) => Math.sqrt(2 / fanIn) * random.normal();
}

/**
 * Draws the weights of every Linear and Conv2d of the model anew, in order; biases become 0. Batch norms are left alone.
 *
 * @throws BatchNormError E_VALUE for a seed that is no safe integer, or an unknown option
 */
export function initialize(model: Layer, initializer: Initializer, options: { seed: number }): void {
  checkOptions("initialize", options, ["seed"]);
  const random = new Random(options.seed);
  const parameters = new Map(model.namedParameters());
  for (const [name, { data, shape }] of parameters) {
    if (shape.length < 2) continue; // a bias, or of a batch norm
    const taps = shape.slice(2).reduce((a, b) => a * b, 1);
    for (let i = 0; i < data.length; i++) data[i] = initializer(shape[1] * taps, shape[0] * taps, random);
    parameters.get(name.replace(/weight$/, "bias"))?.data.fill(0);
  }
}
