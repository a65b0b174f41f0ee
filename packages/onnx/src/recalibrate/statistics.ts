import { check, OnnxError } from "../errors.ts";
import { replaceConstants } from "../fold/layer.ts";
import { copyModel } from "../model/copy.ts";
import type { OnnxModel } from "../model/file.ts";
import type { Graph } from "../model/graph.ts";
import { prune } from "../model/prune.ts";
import { isRefusal } from "../model/refusal.ts";
import { graphsOf } from "../model/scopes.ts";
import type { Statistics, Target } from "./targets.ts";

/**
 * A model with other running statistics, rounded to the type that the old ones are stored in. Constants that other nodes
 * read too are copied first. The model given is not changed.
 *
 * @throws OnnxError E_VALUE when a statistic is not finite in that type
 */
export function withStatistics(model: OnnxModel, statistics: ReadonlyMap<Target, Statistics>): OnnxModel {
  const proto = copyModel(model.proto);
  const [{ graph }] = graphsOf(proto, model.opset);
  const changes = [...statistics].map(([{ index, name }, { mean, variance }]) => {
    const node = graph.proto.node[index];
    const replacement = (slot: number, values: Float64Array) => {
      const old = constantOf(graph, node.input[slot]);
      return { slot, values, dims: [values.length], old, like: old, name: "" };
    };
    const change = replaceConstants(graph, node, [replacement(3, mean), replacement(4, variance)]);
    if (isRefusal(change))
      throw new OnnxError("E_VALUE", `the new statistics of "${name}" do not fit: ${change.reason}`);
    return change;
  });
  for (const change of changes) change.apply();
  graph.commit();
  prune(graph.proto, graph.released, graph.context.irVersion);
  return { ...model, proto };
}

function constantOf(graph: Graph, name: string) {
  const answer = graph.constant(name);
  check(!isRefusal(answer), "E_VALUE", () => `expected "${name}" to be constant`);
  return answer.tensor;
}
