import { check } from "../errors.ts";
import { additionCall } from "../ops/combine.ts";
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
    const [first, second] = plan.fork(x, 2);
    const main = this.main.attach(plan, first);
    const other = this.shortcut ? this.shortcut.attach(plan, second) : second;
    check(sameShape(main.shape, other.shape), "E_SHAPE", "Residual", () => {
      return `expected main and shortcut of one shape, got ${formatShape(main.shape)} and ${formatShape(other.shape)}`;
    });
    const { engine, arena } = plan;
    const at = arena.floats(main.size);
    const sum = additionCall(engine, arena, main.at, other.at, at, main.size);
    // The gradient of a sum is that of both terms: main's buffer serves for the sum too, the other's is a copy.
    plan.add(
      () => sum.run(),
      () => {
        if (!other.grad) return;
        const from = main.grad >> 2;
        engine.memory.f32.copyWithin(other.grad >> 2, from, from + main.size);
      },
    );
    return { shape: main.shape, size: main.size, at, grad: main.grad };
  }
}
