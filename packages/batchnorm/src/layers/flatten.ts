import { check } from "../errors.ts";
import { formatShape } from "../tensor/shape.ts";
import { Layer } from "./layer.ts";
import type { Plan, Value } from "./plan.ts";

/** [N, ...] becomes [N, everything else in one dimension]; the values stay where they are. */
export class Flatten extends Layer {
  protected override bind(_plan: Plan, x: Value): Value {
    const got = () => `got shape ${formatShape(x.shape)}`;
    check(x.shape.length >= 2, "E_SHAPE", "Flatten", () => `expected at least 2 dimensions, ${got()}`);
    check(x.size > 0, "E_BATCH", "Flatten", () => `expected at least one example, ${got()}`);
    return { ...x, shape: [x.shape[0], x.size / x.shape[0]] };
  }
}
