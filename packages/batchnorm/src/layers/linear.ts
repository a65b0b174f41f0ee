import type { Place } from "../device/device.ts";
import { check } from "../errors.ts";
import { absorbInto } from "../module/absorb.ts";
import type { Layer, LayerNormalization } from "../module/layer.ts";
import { Operation } from "../module/operation.ts";
import { linear, linearGrad } from "../ops/linear.ts";
import { checkOptions } from "../options.ts";
import { Parameter } from "../plan/parameter.ts";
import type { Site } from "../plan/site.ts";
import { defaultRandom } from "../tensor/random.ts";
import { formatShape, sizeOf } from "../tensor/shape.ts";

export interface LinearOptions {
  /** Default true. Before a batch norm a bias does nothing: leave it out there. */
  bias?: boolean;
}

/**
 * y = x·Wᵀ + b
 *
 * Takes [..., inFeatures], gives [..., outFeatures]. `weight` is [outFeatures, inFeatures]; both parameters start uniform
 * on ±1/√inFeatures, as PyTorch's do.
 *
 * @throws BatchNormError E_VALUE when a number of features is no positive integer, or for an unknown option; `forward`
 *         E_SHAPE when the last dimension is not `inFeatures`, E_BATCH when the input is empty
 */
export class Linear extends Operation {
  readonly inFeatures: number;
  readonly outFeatures: number;
  readonly weight: Parameter;
  readonly bias: Parameter | null;

  constructor(inFeatures: number, outFeatures: number, options: LinearOptions = {}) {
    super();
    checkOptions("Linear", options, ["bias"]);
    const { bias = true } = options;
    for (const n of [inFeatures, outFeatures]) {
      check(
        Number.isInteger(n) && n > 0,
        "E_VALUE",
        "Linear",
        () => `expected a positive number of features, got ${n}`,
      );
    }
    this.inFeatures = inFeatures;
    this.outFeatures = outFeatures;
    const bound = 1 / Math.sqrt(inFeatures);
    const uniform = () => (2 * defaultRandom.uniform() - 1) * bound;
    this.weight = new Parameter(new Float32Array(outFeatures * inFeatures).map(uniform), [outFeatures, inFeatures]);
    this.bias = bias ? new Parameter(new Float32Array(outFeatures).map(uniform), [outFeatures]) : null;
  }

  override absorb(normalization: LayerNormalization): Layer | null {
    const { inFeatures, outFeatures } = this;
    if (normalization.axis !== -1 || normalization.mean.length !== outFeatures) return null;
    const copy = new Linear(inFeatures, outFeatures);
    absorbInto(copy, this, normalization);
    return copy;
  }

  override infer(shape: readonly number[]): readonly number[] {
    const { inFeatures, outFeatures } = this;
    check(shape.length >= 1 && shape[shape.length - 1] === inFeatures, "E_SHAPE", "Linear", () => {
      return `expected ${inFeatures} features in the last dimension, got shape ${formatShape(shape)}`;
    });
    check(
      sizeOf(shape) > 0,
      "E_BATCH",
      "Linear",
      () => `expected at least one example, got shape ${formatShape(shape)}`,
    );
    return [...shape.slice(0, -1), outFeatures];
  }

  override bind(site: Site): void {
    const { x } = site;
    const { inFeatures: inputs, outFeatures: outputs } = this;
    const y = site.output();
    const shape = { rows: x.size / inputs, inputs, outputs };
    const weight = site.parameter(this.weight) as Place;
    const places = { x: x.at, y: y.at, weight, bias: site.parameter(this.bias) };
    linear(site, shape, places);
    site.backward([x], (dy) => {
      const parameters = { dweight: site.gradientOf(this.weight), dbias: site.gradientOf(this.bias) };
      linearGrad(site, shape, places, { dy, dx: site.gradient(), ...parameters });
    });
  }
}
