import { check } from "../errors.ts";
import { formatShape } from "../tensor/shape.ts";
import { Layer } from "./layer.ts";
import type { Plan, Value } from "./plan.ts";

/** [N, ...] becomes [N, everything else in one dimension]; the values stay where they are. */
export class Flatten extends Layer {
  protected override bind(_plan: Plan, x: Value): Value {
    check(x.shape.length >= 2 && x.size > 0, "E_SHAPE", "Flatten", () => {
      return `expected at least one example of at least one dimension, got shape ${formatShape(x.shape)}`;
    });
    return { ...x, shape: [x.shape[0], x.size / x.shape[0]] };
  }
}
