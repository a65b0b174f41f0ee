/** The batch norms of a model whose statistics can be estimated anew, and in which order. */
import { IN_TRAINING, type KeptBatchNorm } from "../fold/fold.ts";
import { epsOf, inferenceParameters, isBatchNorm, nameOf } from "../model/batchnorm.ts";
import type { OnnxModel } from "../model/file.ts";
import { readBy } from "../model/nested.ts";
import { isRefusal } from "../model/refusal.ts";
import { functionsOf, graphsOf, type Place } from "../model/scopes.ts";

export interface Statistics {
  /** [channels] */
  readonly mean: Float64Array;
  /** [channels] */
  readonly variance: Float64Array;
}

export interface Target {
  readonly name: string;
  /** Which of the graph's nodes it is. */
  readonly index: number;
  /** The name of what goes into it. */
  readonly input: string;
  readonly eps: number;
  readonly statistics: Statistics;
  /** Batch norms on the longest way from the model's inputs to it, itself among them: those of one level do not meet. */
  readonly level: number;
}

/** @throws OnnxError E_FORMAT when a graph is not in order */
export function targetsOf({ proto, opset }: OnnxModel): { targets: Target[]; kept: KeptBatchNorm[] } {
  const [own, ...inner] = graphsOf(proto, opset);
  const isTrained = proto.trainingInfo.length > 0;
  const { targets, refused } = isTrained ? { targets: [], refused: all(own, IN_TRAINING) } : targetsIn(own);
  const within = [...inner, ...functionsOf(proto, opset)].flatMap((place) => all(place, WITHIN));
  return { targets, kept: [...refused, ...within] };
}

const WITHIN = "it is in a graph within the model, which need not be run, or is run several times";

function all({ graph, inside }: Place, reason: string): KeptBatchNorm[] {
  return graph.proto.node.filter(isBatchNorm).map((node) => ({ name: nameOf(node), inside, reason }));
}

function targetsIn({ graph, inside }: Place): { targets: Target[]; refused: KeptBatchNorm[] } {
  const levels = new Map<string, number>();
  const targets: Target[] = [];
  const refused: KeptBatchNorm[] = [];
  for (const [index, node] of graph.proto.node.entries()) {
    let level = Math.max(0, ...readBy(node).map((name) => levels.get(name) ?? 0));
    const parameters = isBatchNorm(node) ? inferenceParameters(graph, node) : null;
    if (parameters && isRefusal(parameters)) {
      refused.push({ name: nameOf(node), inside, reason: parameters.reason });
    } else if (parameters) {
      level++;
      const { mean, variance } = parameters;
      const statistics = { mean, variance };
      targets.push({ name: nameOf(node), index, input: node.input[0], eps: epsOf(node), statistics, level });
    }
    for (const name of node.output) levels.set(name, level);
  }
  return { targets, refused };
}
