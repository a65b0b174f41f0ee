import { Layer } from "../module/layer.ts";
import { Module } from "../module/module.ts";

/**
 * A model in which some layers are replaced by others. Modules around them are copied, field by field; whatever holds
 * nothing that is replaced is shared with the old model, which is not changed.
 */
export function rebuild<Model extends Layer>(model: Model, replaced: ReadonlyMap<Layer, Layer>): Layer {
  const done = new Map<Layer, Layer>(replaced);
  const visit = (layer: Layer): Layer => {
    const known = done.get(layer);
    if (known) return known;
    const result = layer instanceof Module ? copied(layer, visit) : layer;
    done.set(layer, result);
    return result;
  };
  return visit(model);
}

function copied(module: Module, visit: (layer: Layer) => Layer): Module {
  let changed = false;
  const other = (value: unknown): unknown => {
    if (!(value instanceof Layer)) return value;
    const result = visit(value);
    changed ||= result !== value;
    return result;
  };
  const fields = Object.entries(module).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.map(other) : other(value),
  ]);
  if (!changed) return module;
  return Object.assign(Object.create(Object.getPrototypeOf(module)), Object.fromEntries(fields));
}
