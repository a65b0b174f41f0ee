/** Where the axes of a value go in nodes that only rearrange it. */
import type { NodeProto } from "onnx-buf";
import { integerListOf, integerOf, isOperator } from "./attributes.ts";
import type { Graph } from "./graph.ts";
import { isRefusal } from "./refusal.ts";
import { DataType, integersOf } from "./tensor.ts";

/** A size along an axis; null where only a run decides it. */
export type Dim = number | null;

/** The product of sizes; null where one is not known. */
export function product(dims: readonly Dim[]): Dim {
  return dims.reduce<Dim>((total, dim) => (total === null || dim === null ? null : total * dim), 1);
}

/** The integers of an input that is constant; null where it is not, or absent. */
export function constantIntegers(graph: Graph, node: NodeProto, slot: number): number[] | null {
  const name = node.input[slot];
  const answer = name ? graph.constant(name) : null;
  if (!answer || isRefusal(answer)) return null;
  const { dataType } = answer.tensor;
  return dataType === DataType.INT64 || dataType === DataType.INT32 ? integersOf(answer.tensor) : null;
}

/**
 * For each axis of what Transpose, Squeeze or Unsqueeze gives, the input's axis that it is, or null for a new one of
 * size 1. Null altogether where that is not known before a run, or not possible.
 */
export function arrangement(graph: Graph, node: NodeProto, rank: number): (number | null)[] | null {
  const axes = Array.from({ length: rank }, (_, axis) => axis);
  if (isOperator(node, "Transpose")) {
    const perm = integerListOf(node, "perm") ?? axes.toReversed();
    return perm.length === rank && axes.every((axis) => perm.includes(axis)) ? perm : null;
  }
  // An attribute before opset 13, an input since.
  const given = integerListOf(node, "axes") ?? constantIntegers(graph, node, 1);
  if (!given) return null;
  const adds = isOperator(node, "Unsqueeze");
  const length = adds ? rank + given.length : rank;
  const chosen = new Set(given.map((axis) => (axis < 0 ? axis + length : axis)));
  const possible = chosen.size === given.length && [...chosen].every((axis) => axis >= 0 && axis < length);
  if (!possible) return null;
  if (!adds) return axes.filter((axis) => !chosen.has(axis));
  let next = 0;
  return Array.from({ length }, (_, axis) => (chosen.has(axis) ? null : next++));
}

/** One axis of what Reshape gives. */
export interface Reshaped {
  readonly dim: Dim;
  /** The input's axis whose size it takes over, for a 0 in the shape. */
  readonly copies: number | null;
}

/**
 * What a Reshape to a constant shape gives; null where the shape is not constant.
 *
 * @param dims  of its input; null where not even the rank is known
 */
export function reshaped(graph: Graph, node: NodeProto, dims: readonly Dim[] | null): Reshaped[] | null {
  const shape = constantIntegers(graph, node, 1);
  if (!shape) return null;
  const zeroCopies = integerOf(node, "allowzero", 0) === 0;
  const rest = restOf(shape, dims, zeroCopies);
  return shape.map((size, axis) => {
    if (size === 0 && zeroCopies) return { dim: dims?.[axis] ?? null, copies: axis };
    return { dim: size < 0 ? rest : size, copies: null };
  });
}

/** What -1 stands for: the sizes of the input over those of the output, without those that are copied. */
function restOf(shape: readonly number[], dims: readonly Dim[] | null, zeroCopies: boolean): Dim {
  const isCopied = (axis: number) => zeroCopies && shape[axis] === 0;
  const all = dims && product(dims.filter((_, axis) => !isCopied(axis)));
  const others = product(shape.filter((size, axis) => size >= 0 && !isCopied(axis)));
  const rest = all === null || others === null ? null : all / others;
  return rest !== null && Number.isInteger(rest) ? rest : null;
}
