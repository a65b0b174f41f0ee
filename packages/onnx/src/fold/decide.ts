/** For each batch norm a plan, what takes it and how, or a reason in words why nothing does. */
import { affineOf } from "batchnorm/extend";
import type { NodeProto } from "onnx-buf";
import { describe, isOperator } from "../model/attributes.ts";
import { epsOf, inferenceParameters, type Parameters } from "../model/batchnorm.ts";
import { isRefusal, type Refusal, refuse } from "../model/refusal.ts";
import { asMulAndAdd } from "./affine.ts";
import { intoNext } from "./before.ts";
import { batchNormLayer } from "./bnbn.ts";
import { addedOnTheWay, chainTo, closeChain } from "./chain.ts";
import { convLayer } from "./conv.ts";
import { convTransposeLayer } from "./convtranspose.ts";
import { gemmLayer } from "./gemm.ts";
import type { Affine, Change, Layer, Scope } from "./layer.ts";
import { matMulLayer } from "./matmul.ts";

export interface Plan extends Change {
  /** What takes the batch norm: `Conv "conv1"`. */
  readonly into: string;
  /** A value that has to be the same with it and without: what the batch norm gave, or what the layer after it gives. */
  readonly value: string;
}

export interface DecideOptions {
  /** Whether a batch norm that no layer takes is to become a Mul and an Add. */
  readonly affine: boolean;
}

/** @param node  a batch norm of the graph; nothing is changed before the plan is applied */
export function decide(scope: Scope, node: NodeProto, { affine }: DecideOptions): Plan | Refusal {
  const parameters = inferenceParameters(scope.graph, node);
  if (isRefusal(parameters)) return parameters;
  const own = finiteAffine(parameters, epsOf(node));
  if (isRefusal(own)) return own;
  const before = intoLayerBefore(scope, node, own);
  if (!isRefusal(before)) return before;
  const after = intoLayerAfter(scope, node, own);
  if (!isRefusal(after)) return after;
  const rest = affine ? asMulAndAdd(scope, node, own) : null;
  if (rest && !isRefusal(rest)) return { into: "Mul and Add", value: node.output[0], apply: rest.apply };
  return refuse([before, after, ...(rest ? [rest] : [])].map(({ reason }) => reason).join("; "));
}

/** The batch norm as scale and shift of each channel. */
function finiteAffine({ gamma, beta, mean, variance }: Parameters, epsilon: number): Affine | Refusal {
  const wrong = variance.findIndex((value) => !(value + epsilon > 0) || value === Number.POSITIVE_INFINITY);
  if (wrong >= 0) return refuse(`its variance + ε is ${variance[wrong] + epsilon} in channel ${wrong}`);
  const { scale, shift } = affineOf({ gamma, beta, mean, variance, eps: epsilon });
  const notFinite = scale.findIndex((value, c) => !Number.isFinite(value) || !Number.isFinite(shift[c]));
  if (notFinite >= 0) return refuse(`its parameters are not finite in channel ${notFinite}`);
  return { scale, shift };
}

function layerOf(scope: Scope, node: NodeProto): Layer | Refusal {
  if (isOperator(node, "Conv")) return convLayer(scope, node);
  if (isOperator(node, "ConvTranspose")) return convTransposeLayer(scope, node);
  if (isOperator(node, "Gemm")) return gemmLayer(scope, node);
  if (isOperator(node, "MatMul")) return matMulLayer(scope, node);
  return batchNormLayer(scope, node);
}

function intoLayerBefore(scope: Scope, node: NodeProto, { scale, shift }: Affine): Plan | Refusal {
  const { graph } = scope;
  const chain = chainTo(graph, node.input[0]);
  if (isRefusal(chain)) return chain;
  const layer = layerOf(scope, chain.layer);
  if (isRefusal(layer)) return layer;
  const added = addedOnTheWay(graph, chain, layer.channels);
  if (isRefusal(added)) return added;
  const { size } = layer.channels;
  if (size !== scale.length) {
    return refuse(`${describe(chain.layer)} has ${size} channels, and it has ${scale.length}`);
  }
  const change = layer.absorb({ scale, shift: shift.map((value, c) => value + added[c] * scale[c]) });
  if (isRefusal(change)) return change;
  const [start] = chain.layer.output;
  const [result] = node.output;
  return {
    into: describe(chain.layer),
    value: result,
    apply() {
      change.apply();
      graph.remove(node);
      closeChain(graph, chain, start, result);
    },
  };
}

function intoLayerAfter(scope: Scope, node: NodeProto, affine: Affine): Plan | Refusal {
  const next = intoNext(scope, node, affine);
  if (isRefusal(next)) return next;
  const { graph } = scope;
  const { layer, change } = next;
  return {
    into: describe(layer),
    value: layer.output[0],
    apply() {
      change.apply();
      const [reader] = graph.readers(node.output[0]);
      graph.setInput(reader, reader.input.indexOf(node.output[0]), node.input[0]);
      graph.remove(node);
    },
  };
}
