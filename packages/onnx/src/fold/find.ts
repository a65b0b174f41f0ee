import type { NodeProto } from "onnx-buf";
import { epsOf, isBatchNorm, isTraining, momentumOf, nameOf, parameterOf } from "../model/batchnorm.ts";
import type { OnnxModel } from "../model/file.ts";
import { isRefusal, type Refusal, refuse } from "../model/refusal.ts";
import { functionsOf, graphsOf, type Place } from "../model/scopes.ts";
import { decide } from "./decide.ts";
import { IN_FUNCTION, IN_TRAINING } from "./fold.ts";

export interface BatchNormInfo {
  /** The node's name, or where it has none that of its output. */
  readonly name: string;
  /** The graph within the model that it is in; null for the model's own. */
  readonly inside: string | null;
  /** Null where neither a constant nor a declared shape tells. */
  readonly channels: number | null;
  /** As stored: a float32. */
  readonly eps: number;
  /** The weight of the old running statistics, ONNX's convention: 1 minus PyTorch's. */
  readonly momentum: number;
  /** Whether it normalizes by each batch's own statistics. */
  readonly training: boolean;
  /** [channels] each; null where it is not constant. */
  readonly gamma: Float64Array | null;
  readonly beta: Float64Array | null;
  readonly mean: Float64Array | null;
  readonly variance: Float64Array | null;
  /** What would take it, or why nothing would. */
  readonly foldable: { readonly into: string } | Refusal;
}

/**
 * Every batch norm of a model in the nodes' order, those of inner graphs and functions after.
 *
 * @throws OnnxError E_FORMAT when a graph or a tensor is not in order
 */
export function findBatchNorms({ proto, opset }: OnnxModel): BatchNormInfo[] {
  const plan = (place: Place, node: NodeProto) =>
    proto.trainingInfo.length > 0 ? refuse(IN_TRAINING) : decide(place, node, { affine: false });
  const infosOf = (place: Place, decided: typeof plan) =>
    place.graph.proto.node.filter(isBatchNorm).map((node) => infoOf(place, node, decided(place, node)));
  return [
    ...graphsOf(proto, opset).flatMap((place) => infosOf(place, plan)),
    ...functionsOf(proto, opset).flatMap((place) => infosOf(place, () => refuse(IN_FUNCTION))),
  ];
}

function infoOf({ graph, shapes, inside }: Place, node: NodeProto, plan: { into: string } | Refusal): BatchNormInfo {
  const [gamma, beta, mean, variance] = ([1, 2, 3, 4] as const).map((slot) => {
    const values = parameterOf(graph, node, slot);
    return isRefusal(values) ? null : values;
  });
  const sizes = node.input.slice(1, 5).map((name) => shapes.dims(name)?.[0] ?? null);
  return {
    name: nameOf(node),
    inside,
    channels: sizes.find((size) => size !== null) ?? null,
    eps: epsOf(node),
    momentum: momentumOf(node),
    training: isTraining(node, graph.context.opset),
    gamma,
    beta,
    mean,
    variance,
    foldable: isRefusal(plan) ? plan : { into: plan.into },
  };
}
