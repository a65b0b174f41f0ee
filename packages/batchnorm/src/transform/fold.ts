import { Identity } from "../layers/identity.ts";
import type { Layer } from "../module/layer.ts";
import { Graph, type Traceable, type Value } from "../plan/graph.ts";
import { defaultRandom } from "../tensor/random.ts";
import { rebuild } from "./rebuild.ts";

/**
 * What a trained model does in eval mode, with less to do: a batch norm goes into the weights of the layer before it,
 * where that takes it (`absorb`: Conv2d, Linear), and Dropout is left out.
 *
 *   W′ = W·gamma/√(var + ε)      b′ = (b − mean)·gamma/√(var + ε) + beta
 *
 * The arithmetic is in float64, rounded once. A batch norm that no layer takes is copied, frozen; one without running
 * statistics, and layers that hold no batch norm, are taken as they are and shared with the model. What went is replaced by
 * an `Identity`, so that names stay what they are.
 *
 * @returns a new model; the old one is not changed
 * @see     Ioffe & Szegedy 2015, Algorithm 2
 */
export function fold(model: Layer): Layer {
  // New layers draw initial weights, which are overwritten: the program's generator does not move for that.
  const { state } = defaultRandom;
  try {
    return rebuild(model, replacements(model));
  } finally {
    defaultRandom.state = state;
  }
}

/** What stands for each layer that is not taken as it is. */
function replacements(model: Layer): Map<Layer, Layer> {
  const modules = new Map<Traceable, string>(model.namedModules().map(([path, layer]) => [layer, path]));
  const graph = new Graph((layer) => modules.get(layer) ?? null, { shapes: false });
  const input = graph.input([]);
  const output = graph.apply(model, [input]);
  const layers = new Set<Layer>([...modules.keys()] as Layer[]);
  const once = (layer: Layer) => graph.nodes.filter((node) => node.layer === (layer as Traceable)).length === 1;
  const replaced = new Map<Layer, Layer>();
  const now = (layer: Layer) => replaced.get(layer) ?? layer;
  /** What a value comes from, past layers that do nothing; null where somebody else reads it on the way. */
  const origin = (value: Value): Layer | null => {
    const node = graph.nodes.find((each) => each.output === value);
    if (!node || value === output || graph.readers(value) !== 1) return null;
    const layer = node.layer as unknown as Layer;
    return now(layer) instanceof Identity ? origin(node.inputs[0]) : layer;
  };
  for (const { layer, inputs } of graph.nodes) {
    const here = layer as unknown as Layer;
    if (!layers.has(here)) continue;
    const normalization = here.normalization();
    const before = normalization && once(here) ? origin(inputs[0]) : null;
    const absorbing = normalization && before && once(before) ? now(before).absorb(normalization) : null;
    if (normalization && before && absorbing) {
      replaced.set(before, absorbing);
      replaced.set(here, normalization.rest);
    } else {
      const inference = here.forInference();
      if (inference !== here) replaced.set(here, inference);
    }
  }
  return replaced;
}
