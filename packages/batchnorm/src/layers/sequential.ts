import type { Layer } from "../module/layer.ts";
import { Module } from "../module/module.ts";
import type { Value } from "../plan/graph.ts";

/** Layers one after another. State-dict names as PyTorch's `nn.Sequential`: "0.weight", "1.running_mean". */
export class Sequential extends Module {
  readonly layers: readonly Layer[];

  constructor(...layers: Layer[]) {
    super();
    this.layers = layers;
  }

  override children(): [string, Layer][] {
    return this.layers.map((layer, i) => [String(i), layer]);
  }

  override compose(x: Value): Value {
    return this.layers.reduce((value, layer) => layer.of(value), x);
  }
}
