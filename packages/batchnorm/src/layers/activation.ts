import { check } from "../errors.ts";
import { Operation } from "../module/operation.ts";
import { type ActivationName, activation, activationGrad } from "../ops/activation.ts";
import type { Epilogue } from "../plan/graph.ts";
import type { Site } from "../plan/site.ts";
import { formatShape, sizeOf } from "../tensor/shape.ts";

/** A function of each value; takes and gives any shape. */
abstract class Activation extends Operation {
  protected abstract readonly name: ActivationName;

  override infer(shape: readonly number[]): readonly number[] {
    check(
      sizeOf(shape) > 0,
      "E_BATCH",
      this.constructor.name,
      () => `expected values, got shape ${formatShape(shape)}`,
    );
    return shape;
  }

  override bind(site: Site): void {
    const { x } = site;
    const y = site.output(0);
    activation(site, this.name, { x: x.at, y: y.at }, x.size);
    site.backward([y], (dy) => {
      const dx = site.gradient(0, dy);
      if (dx) activationGrad(site, this.name, { y: y.at, dy, dx }, x.size);
    });
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

  override get epilogue(): Epilogue {
    return "relu";
  }
}
