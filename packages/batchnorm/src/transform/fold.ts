import type { Layer } from "../layers/layer.ts";
import { Graph, type Node, type Traceable } from "../plan/graph.ts";
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
  const uses = (layer: Traceable) => graph.nodes.filter((node) => node.layer === layer).length;
  const replaced = new Map<Layer, Layer>();
  for (const { layer, inputs } of graph.nodes) {
    const here = layer as unknown as Layer;
    if (!layers.has(here)) continue;
    const before = graph.nodes.find((node) => node.output === inputs[0]);
    const alone = before && before.output !== output && graph.readers(before.output) === 1;
    const into = alone && uses(layer) === 1 && uses(before.layer) === 1 ? taken(before, here, replaced) : null;
    if (into) {
      replaced.set(before?.layer as unknown as Layer, into.absorbing);
      replaced.set(here, into.rest);
    } else {
      const inference = here.forInference();
      if (inference !== here) replaced.set(here, inference);
    }
  }
  return replaced;
}

/** The layer before with this one in its weights, and what is left of this one; null where it cannot be. */
function taken(
  before: Node,
  here: Layer,
  replaced: ReadonlyMap<Layer, Layer>,
): { absorbing: Layer; rest: Layer } | null {
  const normalization = here.normalization();
  if (!normalization) return null;
  const old = before.layer as unknown as Layer;
  const absorbing = (replaced.get(old) ?? old).absorb(normalization);
  return absorbing && { absorbing, rest: normalization.rest };
}
