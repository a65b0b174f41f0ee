import { type Layer, Module, type Value } from "batchnorm";

/** A module with these fields, for tests: what a class of its own would say in more lines. */
export function made<Fields extends Record<string, Layer>>(
  fields: Fields,
  compose: (x: Value, fields: Fields) => Value,
): Module & Fields {
  class Made extends Module {
    override compose(x: Value): Value {
      return compose(x, this as unknown as Fields);
    }
  }
  return Object.assign(new Made(), fields);
}
