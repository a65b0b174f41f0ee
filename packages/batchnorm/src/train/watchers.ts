import type { Layer } from "../module/layer.ts";
import type { Bound } from "../plan/bound.ts";
import type { HostPoint } from "../plan/step.ts";
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

  get layers(): Set<Layer> {
    return new Set([...this.#watchers].map(({ layer }) => layer));
  }

  /** The points, after a forward pass, where the watchers of each layer are told. */
  points(bound: Bound, training: boolean): HostPoint[] {
    return [...this.layers].flatMap((layer) =>
      bound.inputsOf(layer).map(({ at, size, shape }) => ({
        reads: [{ place: at, type: "f32", count: size }],
        writes: [],
        act: (values) => {
          const { share, stepCount } = bound.state;
          if (share.count === 0) return;
          const step = training ? stepCount + 1 : stepCount;
          for (const watcher of this.#watchers) {
            if (watcher.layer !== layer) continue;
            watcher.callback({ input: new Tensor(values as Float32Array, shape), training, step });
          }
        },
      })),
    );
  }
}
