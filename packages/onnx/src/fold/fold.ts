import type { NodeProto } from "onnx-buf";
import { checkOptions } from "../errors.ts";
import { isBatchNorm, nameOf } from "../model/batchnorm.ts";
import { copyModel } from "../model/copy.ts";
import type { OnnxModel } from "../model/file.ts";
import { prune } from "../model/prune.ts";
import { isRefusal } from "../model/refusal.ts";
import { functionsOf, graphsOf, type Place } from "../model/scopes.ts";
import { decide } from "./decide.ts";

export interface FoldOptions {
  /** Whether a batch norm that no layer takes becomes a Mul and an Add; false by default. */
  affine?: boolean;
}

export interface FoldedBatchNorm {
  readonly name: string;
  /** The graph within the model that it is in; null for the model's own. */
  readonly inside: string | null;
  /** What took it: `Conv "conv1"`, or "Mul and Add". */
  readonly into: string;
}

export interface KeptBatchNorm {
  readonly name: string;
  readonly inside: string | null;
  /** Why it was not folded. */
  readonly reason: string;
}

export interface FoldResult {
  readonly model: OnnxModel;
  readonly folded: FoldedBatchNorm[];
  readonly kept: KeptBatchNorm[];
  /** Values of the model's own graph, by name, that have to be the same as before, right where something was folded. */
  readonly values: string[];
}

export const IN_FUNCTION = "it is in a function, which may be called from several places";
export const IN_TRAINING = "the model holds a training algorithm, which may change its weights";

/**
 * Puts batch norms into the weights of the layers around them, wherever that leaves what the model computes as it is.
 *
 *   γ·(W·x + b − mean)/√(var + ε) + β  =  W′·x + b′
 *
 * Into Conv, ConvTranspose, Gemm, MatMul or another batch norm before it, or into a Conv, Gemm or MatMul after it. The
 * arithmetic is in float64, rounded once to the weights' type for each batch norm. Constants that are shared are copied first; those that
 * nobody reads any more go. Names of the model's inputs and outputs, and those of what the batch norms gave, stay.
 *
 * @returns a new model, and for every batch norm what took it or why nothing did; the model given is not changed
 * @throws  OnnxError E_FORMAT when a graph is not in order
 */
export function foldBatchNorms(model: OnnxModel, options: FoldOptions = {}): FoldResult {
  checkOptions(options, ["affine"]);
  const { affine = false } = options;
  const proto = copyModel(model.proto);
  const places = graphsOf(proto, model.opset);
  const result: FoldResult = { model: { ...model, proto }, folded: [], kept: [], values: [] };
  if (proto.trainingInfo.length === 0) {
    for (const place of places) foldIn(place, affine, result);
    for (const { graph: each } of places.toReversed()) {
      const outside = prune(each.proto, each.released, each.context.irVersion);
      for (const name of outside) each.parent?.released.add(name);
    }
  } else {
    keepAll(places, IN_TRAINING, result);
  }
  keepAll(functionsOf(proto, model.opset), IN_FUNCTION, result);
  // What one batch norm gave may be gone because the next went the same way.
  const made = new Set(proto.graph.node.flatMap(({ output }) => output));
  return { ...result, values: result.values.filter((name) => made.has(name)) };
}

function foldIn(place: Place, affine: boolean, { folded, kept, values }: FoldResult): void {
  const { graph, inside } = place;
  const reasons = new Map<NodeProto, string>();
  const fold = (node: NodeProto, options: { affine: boolean }) => {
    const plan = decide(place, node, options);
    if (isRefusal(plan)) {
      reasons.set(node, plan.reason);
      return false;
    }
    plan.apply();
    folded.push({ name: nameOf(node), inside, into: plan.into });
    if (!inside) values.push(plan.value);
    return true;
  };
  let left = graph.proto.node.filter(isBatchNorm);
  const all = left.length;
  // One that goes may open the way for another.
  for (let before = Number.POSITIVE_INFINITY; left.length < before; ) {
    before = left.length;
    left = left.filter((node) => !fold(node, { affine: false }));
  }
  if (affine) left = left.filter((node) => !fold(node, { affine }));
  for (const node of left) kept.push({ name: nameOf(node), inside, reason: reasons.get(node) ?? "" });
  if (left.length < all) graph.commit();
}

function keepAll(places: readonly Place[], reason: string, { kept }: FoldResult): void {
  for (const { graph, inside } of places) {
    for (const node of graph.proto.node.filter(isBatchNorm)) kept.push({ name: nameOf(node), inside, reason });
  }
}
