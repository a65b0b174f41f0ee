import { Layer } from "./layer.ts";
import type { Plan, Value } from "./plan.ts";

/** Layers one after another. State-dict names as PyTorch's `nn.Sequential`: "0.weight", "1.running_mean". */
export class Sequential extends Layer {
  readonly layers: readonly Layer[];

  constructor(...layers: Layer[]) {
    super();
    this.layers = layers;
  }

  override children(): [string, Layer][] {
    return this.layers.map((layer, i) => [String(i), layer]);
  }

  protected override bind(plan: Plan, x: Value): Value {
    return this.layers.reduce((value, layer) => layer.attach(plan, value), x);
  }
}
