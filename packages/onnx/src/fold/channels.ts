/** Follows the axis of a layer's channels through nodes that rearrange its output, where that can be known for certain. */
import type { NodeProto } from "onnx-buf";
import { describe, integerListOf, integerOf, isOperator } from "../model/attributes.ts";
import { arrangement, type Dim, product, type Reshaped, reshaped } from "../model/axes.ts";
import type { Graph } from "../model/graph.ts";
import { type Refusal, refuse } from "../model/refusal.ts";

/** A value's shape, seen from one axis: [...before, size, ...after]. */
export interface Channels {
  readonly size: number;
  /** The axes before that of the channels; null where even their number is not known. */
  readonly before: readonly Dim[] | null;
  readonly after: readonly Dim[] | null;
}

/** Whether the channels are on axis 1, where batch norm has them. */
export function areOnAxis1({ before }: Channels): boolean {
  return before?.length === 1;
}

/** The channels' axis in a shape. */
export function channelsAt(dims: readonly Dim[], axis: number, size: number): Channels {
  return { size, before: dims.slice(0, axis), after: dims.slice(axis + 1) };
}

/** Where the channels are in what a Transpose, Squeeze, Unsqueeze, Flatten or Reshape makes of a value. */
export function carried(graph: Graph, node: NodeProto, channels: Channels): Channels | Refusal {
  const answer = isOperator(node, "Reshape")
    ? throughReshape(reshaped(graph, node, dimsOf(channels)), channels)
    : throughOthers(graph, node, channels);
  return answer ?? refuse(`it is not certain where ${describe(node)} takes the channels`);
}

function throughOthers(graph: Graph, node: NodeProto, channels: Channels): Channels | null {
  const perm = isOperator(node, "Transpose") ? integerListOf(node, "perm") : null;
  const dims = dimsOf(channels) ?? (perm && dimsOf(ofRank(channels, perm.length)));
  if (!dims) return null;
  const { size } = channels;
  const axis = channels.before?.length ?? dims.length - 1 - (channels.after?.length ?? 0);
  if (isOperator(node, "Flatten")) {
    const given = integerOf(node, "axis", 1);
    const from = given < 0 ? given + dims.length : given;
    const others = product([...dims.slice(from, axis), ...dims.slice(axis + 1)]);
    return from <= axis && others === 1 ? { size, before: [product(dims.slice(0, from))], after: [] } : null;
  }
  const origins = arrangement(graph, node, dims.length);
  const target = origins?.indexOf(axis) ?? -1;
  if (!origins || target < 0) return null;
  const moved = origins.map((origin) => (origin === null ? 1 : dims[origin]));
  return channelsAt(moved, target, size);
}

function dimsOf({ before, size, after }: Channels): Dim[] | null {
  return before && after ? [...before, size, ...after] : null;
}

/** With sizes that are not known in the place of axes whose number was not known, when a rank says that number. */
function ofRank({ size, before, after }: Channels, rank: number): Channels {
  const known = before ?? after ?? [];
  const unknown = rank > known.length ? Array.from({ length: rank - 1 - known.length }, () => null) : null;
  return { size, before: before ?? unknown, after: after ?? unknown };
}

/**
 * A reshape keeps the order of the values. So an axis of the same size is the same axis where as many values come after
 * one step along it as before, or as many steps are taken in front of it.
 */
function throughReshape(shape: readonly Reshaped[] | null, { size, before, after }: Channels): Channels | null {
  if (!shape) return null;
  const dims = shape.map(({ dim }) => dim);
  const inner = after && product(after);
  const outer = before && product(before);
  const axis = shape.findIndex(({ dim, copies }, at) => {
    if (dim !== size && (copies === null || copies !== before?.length)) return false;
    const sameInner = inner !== null && product(dims.slice(at + 1)) === inner;
    const sameOuter = outer !== null && product(dims.slice(0, at)) === outer;
    return sameInner || sameOuter || (before?.length === at && shape.slice(0, at).every(isCopy));
  });
  return axis < 0 ? null : channelsAt(dims, axis, size);
}

function isCopy({ copies }: Reshaped): boolean {
  return copies !== null;
}
