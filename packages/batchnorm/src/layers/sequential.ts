import { ReLU } from "./activation.ts";
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
    let value = x;
    for (let i = 0; i < this.layers.length; i++) {
      const layer = this.layers[i];
      const next = this.layers[i + 1];
      const both = next instanceof ReLU && !plan.watches(next) ? layer.attachWithRelu(plan, value) : null;
      value = both ?? layer.attach(plan, value);
      if (both) i++;
    }
    return value;
  }
}
