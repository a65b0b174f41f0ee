import type { Layer } from "../layers/layer.ts";
import type { Bindable, Plan } from "../layers/plan.ts";
import { Tensor } from "../tensor/tensor.ts";
import type { Watched } from "./options.ts";

/** Who wants to see what goes into which layer. */
export class Watchers {
  readonly #watchers = new Set<{ layer: Layer; callback: (watched: Watched) => void }>();

  /** @returns a function that ends it */
  add(layer: Layer, callback: (watched: Watched) => void): () => void {
    const watcher = { layer, callback };
    this.#watchers.add(watcher);
    return () => {
      this.#watchers.delete(watcher);
    };
  }

  has(layer: Bindable): boolean {
    return [...this.#watchers].some((watcher) => watcher.layer === layer);
  }

  /** After a forward pass. */
  tell({ inputs, engine, share }: Plan, training: boolean, step: number): void {
    if (share.empty) return;
    for (const { layer, callback } of this.#watchers) {
      const value = inputs.get(layer);
      if (!value) continue;
      const start = value.at >> 2;
      const input = new Tensor(engine.memory.f32.subarray(start, start + value.size), value.shape);
      callback({ input, training, step });
    }
  }
}
