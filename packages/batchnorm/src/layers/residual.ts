import { check } from "../errors.ts";
import { SumOp } from "../ops/combine.ts";
import { formatShape, sameShape } from "../tensor/shape.ts";
import { Layer } from "./layer.ts";
import type { Plan, Value } from "./plan.ts";

/**
 * y = main(x) + shortcut(x); without a shortcut y = main(x) + x. State-dict names: "main.…", "shortcut.…".
 *
 * @throws BatchNormError E_SHAPE when the two results differ in shape
 * @see    He et al. 2016, "Deep Residual Learning for Image Recognition"
 */
export class Residual extends Layer {
  readonly main: Layer;
  readonly shortcut: Layer | null;

  constructor(main: Layer, shortcut: Layer | null = null) {
    super();
    this.main = main;
    this.shortcut = shortcut;
  }

  override children(): [string, Layer][] {
    return this.shortcut
      ? [
          ["main", this.main],
          ["shortcut", this.shortcut],
        ]
      : [["main", this.main]];
  }

  protected override bind(plan: Plan, x: Value): Value {
    return this.#bind(plan, x, false);
  }

  protected override takesRelu(): boolean {
    return true;
  }

  protected override bindWithRelu(plan: Plan, x: Value): Value {
    return this.#bind(plan, x, true);
  }

  #bind(plan: Plan, x: Value, relu: boolean): Value {
    const [first, second] = plan.fork(x, 2);
    const main = this.main.attach(plan, first);
    const other = this.shortcut ? this.shortcut.attach(plan, second) : second;
    check(sameShape(main.shape, other.shape), "E_SHAPE", "Residual", () => {
      return `expected main and shortcut of one shape, got ${formatShape(main.shape)} and ${formatShape(other.shape)}`;
    });
    const sum = plan.value(main.shape, false);
    // The gradient of a sum is that of both terms: one's buffer serves for the sum too, the other's is a copy.
    const [own, copy] = main.grad ? [main.grad, other.grad] : [other.grad, 0];
    const y = own ? { ...sum, grad: own } : sum;
    const op = new SumOp(plan.engine, plan.arena, main.size, relu, { a: main.at, b: other.at, y: y.at, dy: own, copy });
    plan.add(
      () => op.forward(),
      () => op.backward(),
    );
    plan.handOver(main, y);
    plan.handOver(other, y);
    return y;
  }
}
