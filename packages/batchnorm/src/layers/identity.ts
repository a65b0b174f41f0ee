import { Operation } from "../module/operation.ts";
import type { Site } from "../plan/site.ts";

/** y = x: stands in for a layer that has been taken out. */
export class Identity extends Operation {
  override infer(shape: readonly number[]): readonly number[] {
    return shape;
  }

  override bind(site: Site): void {
    site.alias(0);
    site.backward([], (dy) => site.pass(dy));
  }
}
