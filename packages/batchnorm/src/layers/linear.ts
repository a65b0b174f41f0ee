import { check } from "../errors.ts";
import { LinearOp } from "../ops/linear.ts";
import { defaultRandom } from "../tensor/random.ts";
import { formatShape } from "../tensor/shape.ts";
import { Layer } from "./layer.ts";
import { Parameter } from "./parameter.ts";
import type { Plan, Value } from "./plan.ts";

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
 * @throws BatchNormError E_VALUE when a number of features is no positive integer; `forward` E_SHAPE when the last
 *         dimension is not `inFeatures`, E_BATCH when the input is empty
 */
export class Linear extends Layer {
  readonly inFeatures: number;
  readonly outFeatures: number;
  readonly weight: Parameter;
  readonly bias: Parameter | null;

  constructor(inFeatures: number, outFeatures: number, { bias = true }: LinearOptions = {}) {
    super();
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

  protected override ownParameters(): Record<string, Parameter | null> {
    return { weight: this.weight, bias: this.bias };
  }

  protected override bind(plan: Plan, x: Value): Value {
    const { inFeatures, outFeatures } = this;
    check(x.shape.length >= 1 && x.shape[x.shape.length - 1] === inFeatures, "E_SHAPE", "Linear", () => {
      return `expected ${inFeatures} features in the last dimension, got shape ${formatShape(x.shape)}`;
    });
    check(x.size > 0, "E_BATCH", "Linear", () => `expected at least one example, got shape ${formatShape(x.shape)}`);
    const y = plan.value([...x.shape.slice(0, -1), outFeatures]);
    const weight = plan.slot(this.weight);
    const bias = plan.slot(this.bias);
    const op = new LinearOp(plan.engine, plan.arena, x.size / inFeatures, inFeatures, outFeatures, {
      x: x.at,
      y: y.at,
      dy: y.grad,
      dx: x.grad,
      weight: weight.value,
      bias: bias.value,
      dweight: weight.grad,
      dbias: bias.grad,
    });
    plan.add(
      () => op.forward(),
      () => op.backward(),
    );
    return y;
  }
}
