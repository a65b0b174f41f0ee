import { check } from "../errors.ts";
import type { Layer } from "../module/layer.ts";
import { Module } from "../module/module.ts";
import type { Value } from "../plan/graph.ts";
import { formatShape, sameShape } from "../tensor/shape.ts";
import { add } from "./add.ts";

/**
 * y = main(x) + shortcut(x); without a shortcut y = main(x) + x. State-dict names: "main.…", "shortcut.…".
 *
 * @throws BatchNormError E_SHAPE when the two results differ in shape
 * @see    He et al. 2016, "Deep Residual Learning for Image Recognition"
 */
export class Residual extends Module {
  readonly main: Layer;
  readonly shortcut: Layer | null;

  constructor(main: Layer, shortcut: Layer | null = null) {
    super();
    this.main = main;
    this.shortcut = shortcut;
  }

  override compose(x: Value): Value {
    const main = this.main.of(x);
    const other = this.shortcut ? this.shortcut.of(x) : x;
    check(sameShape(main.shape, other.shape), "E_SHAPE", "Residual", () => {
      return `expected main and shortcut of one shape, got ${formatShape(main.shape)} and ${formatShape(other.shape)}`;
    });
    return add(main, other);
  }
}
