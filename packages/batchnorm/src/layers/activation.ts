import { check } from "../errors.ts";
import { type ActivationName, ActivationOp } from "../ops/activation.ts";
import { formatShape } from "../tensor/shape.ts";
import { Layer } from "./layer.ts";
import type { Plan, Value } from "./plan.ts";

/** A function of each value; takes and gives any shape. */
abstract class Activation extends Layer {
  protected abstract readonly name: ActivationName;

  protected override bind(plan: Plan, x: Value): Value {
    check(x.size > 0, "E_BATCH", this.constructor.name, () => `expected values, got shape ${formatShape(x.shape)}`);
    const y = plan.value(x.shape);
    const buffers = { x: x.at, y: y.at, dy: y.grad, dx: x.grad };
    const op = new ActivationOp(plan.engine, plan.arena, this.name, x.size, buffers);
    plan.add(
      () => op.forward(),
      () => op.backward(),
    );
    return y;
  }
}

/** y = 1 / (1 + e⁻ˣ) */
export class Sigmoid extends Activation {
  protected override readonly name = "sigmoid";
}

/** y = tanh x */
export class Tanh extends Activation {
  protected override readonly name = "tanh";
}

/** y = max(x, 0); the gradient at 0 is 0. */
export class ReLU extends Activation {
  protected override readonly name = "relu";
}
