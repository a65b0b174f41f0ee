import { check } from "../errors.ts";
import { Operation } from "../module/operation.ts";
import type { Site } from "../plan/site.ts";
import { formatShape, sizeOf } from "../tensor/shape.ts";

/** [N, ...] becomes [N, everything else in one dimension]; the values stay where they are. */
export class Flatten extends Operation {
  override infer(shape: readonly number[]): readonly number[] {
    const got = () => `got shape ${formatShape(shape)}`;
    check(shape.length >= 2, "E_SHAPE", "Flatten", () => `expected at least 2 dimensions, ${got()}`);
    check(sizeOf(shape) > 0, "E_BATCH", "Flatten", () => `expected at least one example, ${got()}`);
    return [shape[0], sizeOf(shape) / shape[0]];
  }

  override bind(site: Site): void {
    site.alias(0);
    site.backward([], (dy) => site.pass(dy));
  }
}
