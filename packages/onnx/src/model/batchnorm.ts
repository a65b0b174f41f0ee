/** BatchNormalization nodes of every opset from 7 on, as one thing. */
import type { NodeProto } from "onnx-buf";
import { describe, floatOf, integerOf, isOperator } from "./attributes.ts";
import type { Graph } from "./graph.ts";
import { isRefusal, type Refusal, refuse } from "./refusal.ts";
import { isFloat, numbersOf, typeName } from "./tensor.ts";

/** The five inputs after x, in the node's order. */
const parameterNames = ["scale", "bias", "mean", "variance"] as const;

export interface Parameters {
  readonly gamma: Float64Array;
  readonly beta: Float64Array;
  readonly mean: Float64Array;
  readonly variance: Float64Array;
}

export function isBatchNorm(node: NodeProto): boolean {
  return isOperator(node, "BatchNormalization");
}

/** ε as stored: a float32. */
export function epsOf(node: NodeProto): number {
  return floatOf(node, "epsilon", Math.fround(1e-5));
}

/** The weight of the old running statistics, as ONNX counts it: PyTorch's momentum is 1 minus this. */
export function momentumOf(node: NodeProto): number {
  return floatOf(node, "momentum", Math.fround(0.9));
}

/**
 * Whether the node normalizes by its batch's own statistics: `training_mode` from opset 14 on; before, a node that gives
 * more than y.
 */
export function isTraining(node: NodeProto, opset: number): boolean {
  return opset >= 14 ? integerOf(node, "training_mode", 0) !== 0 : givesStatistics(node);
}

function givesStatistics(node: NodeProto): boolean {
  return node.output.slice(1).some((name) => name !== "");
}

/** One of the four parameters, by its place among the node's inputs: scale 1, bias 2, mean 3, variance 4. */
export function parameterOf(graph: Graph, node: NodeProto, slot: 1 | 2 | 3 | 4): Float64Array | Refusal {
  const what = parameterNames[slot - 1];
  const name = node.input[slot];
  if (!name) return refuse(`it has no ${what}`);
  const answer = graph.constant(name);
  if (isRefusal(answer)) return refuse(`its ${what} is not constant: ${answer.reason}`);
  if (!isFloat(answer.tensor)) return refuse(`its ${what} is ${typeName(answer.tensor.dataType)}`);
  return numbersOf(answer.tensor).values;
}

/** All four parameters of a node that is in inference mode and in order, or why there is no such thing. */
export function inferenceParameters(graph: Graph, node: NodeProto): Parameters | Refusal {
  const { opset } = graph.context;
  if (isTraining(node, opset)) return refuse("it is in training mode: it normalizes by each batch's own statistics");
  if (givesStatistics(node)) return refuse("it gives its statistics too");
  if (opset < 9 && integerOf(node, "spatial", 1) === 0) return refuse("spatial is 0: it has statistics for each place");
  const parameters = ([1, 2, 3, 4] as const).map((slot) => parameterOf(graph, node, slot));
  const refusal = parameters.find(isRefusal);
  if (refusal) return refusal;
  const [gamma, beta, mean, variance] = parameters as Float64Array[];
  if (new Set([gamma, beta, mean, variance].map(({ length }) => length)).size > 1) {
    return refuse(`${describe(node)} has parameters of different lengths`);
  }
  return { gamma, beta, mean, variance };
}

/** What a node is called: its name, or where it has none that of its output. */
export function nameOf(node: NodeProto): string {
  return node.name || (node.output[0] ?? "");
}
