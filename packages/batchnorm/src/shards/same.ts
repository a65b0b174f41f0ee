/** What makes sure that several processes train the same model. */
import type { Layer } from "../module/layer.ts";
import type { Shards } from "./shards.ts";

/**
 * A model's layers, their options and modes, and the shapes of their state: the same text for models that compute the same
 * function.
 */
export function describe(model: Layer): string {
  const layers = (layer: Layer, path: string): string[] => {
    const own = `${path} ${layer.constructor.name} ${layer.signature(false)} ${JSON.stringify(optionsOf(layer))}`;
    return [own, ...layer.children().flatMap(([name, child]) => layers(child, `${path}.${name}`))];
  };
  const state = Object.entries(model.stateSlots()).map(([name, { shape }]) => `${name} [${shape}]`);
  return [...layers(model, "model"), ...state].join("\n");
}

/** Plain values that a layer has, or can be given. */
function optionsOf(layer: Layer): Record<string, unknown> {
  const fields = Object.entries(layer);
  const settable: [string, unknown][] = [];
  for (let at = Object.getPrototypeOf(layer); at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    for (const [name, { set }] of Object.entries(Object.getOwnPropertyDescriptors(at))) {
      if (set) settable.push([name, Reflect.get(layer, name)]);
    }
  }
  return Object.fromEntries([...fields, ...settable].filter(([, value]) => isPlain(value)));
}

function isPlain(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(isPlain);
  return value === null || typeof value !== "object";
}

/** Rank 0's model replaces those of the others: weights, running statistics, and what its layers draw from. */
export function broadcastModel(shards: Shards, model: Layer): void {
  for (const { data } of Object.values(model.stateSlots())) shards.broadcast(data);
  for (const { random } of model.modules()) {
    if (!random) continue;
    const { words, spare } = random.state;
    const state = Float64Array.of(...words, spare ?? Number.NaN);
    shards.broadcast(state);
    const [a, b, c, d, kept] = state;
    random.state = { words: [a, b, c, d], spare: Number.isNaN(kept) ? null : kept };
  }
}

/** Rank 0's running statistics replace those of the others, which differ where batch norm is not synchronized. */
export function broadcastStatistics(shards: Shards, model: Layer): void {
  const parameters = new Set(model.namedParameters().map(([name]) => name));
  for (const [name, { data }] of Object.entries(model.stateSlots())) if (!parameters.has(name)) shards.broadcast(data);
}
