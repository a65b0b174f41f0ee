import type { Layer } from "./layer.ts";

/** Does work that may put layers in another mode, and gives each its own again, whatever happens. */
export function keepingModes<T>(layers: readonly Layer[], work: () => T): T {
  const modes = layers.map((layer) => layer.training);
  try {
    return work();
  } finally {
    layers.forEach((layer, i) => {
      layer.training = modes[i];
    });
  }
}
