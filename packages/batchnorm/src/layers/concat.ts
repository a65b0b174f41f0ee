import { shifted } from "../device/device.ts";
import { check } from "../errors.ts";
import type { Layer } from "../module/layer.ts";
import { Module } from "../module/module.ts";
import { Operation } from "../module/operation.ts";
import { copyColumns } from "../ops/combine.ts";
import type { Value } from "../plan/graph.ts";
import type { Site } from "../plan/site.ts";
import { formatShape, sameShape } from "../tensor/shape.ts";

const last = (shape: readonly number[]) => shape[shape.length - 1];

/** Values side by side in the last axis, as an operation of a graph. */
class Concatenation extends Operation {
  override get attached(): boolean {
    return false;
  }

  override infer(...shapes: (readonly number[])[]): readonly number[] {
    const space = shapes[0].slice(0, -1);
    check(
      shapes.every((shape) => sameShape(shape.slice(0, -1), space)),
      "E_SHAPE",
      "Concat",
      () => `expected branches that differ in channels alone, got ${shapes.map(formatShape).join(", ")}`,
    );
    return [...space, shapes.reduce((sum, shape) => sum + last(shape), 0)];
  }

  override bind(site: Site): void {
    const y = site.output();
    const width = last(y.shape);
    const rows = y.size / width;
    let before = 0;
    const parts = site.inputs.map((part) => {
      const columns = last(part.shape);
      const place = { part, columns, before };
      before += columns;
      return place;
    });
    for (const { part, columns, before } of parts) {
      const to = { at: shifted(y.at, before), width };
      copyColumns(site, rows, columns, { at: part.at, width: columns }, to);
    }
    site.backward([], (dy) => {
      for (const [i, { columns, before }] of parts.entries()) {
        const dx = site.gradient(i);
        if (dx) copyColumns(site, rows, columns, { at: shifted(dy, before), width }, { at: dx, width: columns });
      }
    });
  }
}

const operation = new Concatenation();

/**
 * Values side by side in the last axis.
 *
 * @throws BatchNormError E_VALUE for none; E_SHAPE when they differ in more than channels
 */
export function concat(...values: Value[]): Value {
  check(values.length > 0, "E_VALUE", "concat", () => "expected at least one value, got none");
  const [first, ...more] = values;
  return operation.of(first, ...more);
}

/**
 * The results of several branches for the same input, side by side in the last axis. State-dict names: "0.…", "1.…".
 *
 * @throws BatchNormError E_VALUE without branches; `forward` E_SHAPE when their results differ in more than channels
 * @see    Szegedy et al. 2015, "Going Deeper with Convolutions"
 */
export class Concat extends Module {
  readonly branches: readonly Layer[];

  constructor(...branches: Layer[]) {
    super();
    check(branches.length > 0, "E_VALUE", "Concat", () => "expected at least one branch, got none");
    this.branches = branches;
  }

  override children(): [string, Layer][] {
    return this.branches.map((branch, i) => [String(i), branch]);
  }

  override compose(x: Value): Value {
    return concat(...this.branches.map((branch) => branch.of(x)));
  }
}
