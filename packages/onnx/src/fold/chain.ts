/** From a batch norm back to the layer that its input comes from, over nodes that leave the channels what they are. */
import type { NodeProto, TensorProto } from "onnx-buf";
import { describe, isOperator } from "../model/attributes.ts";
import type { Dim } from "../model/axes.ts";
import type { Graph } from "../model/graph.ts";
import { isRefusal, type Refusal, refuse } from "../model/refusal.ts";
import { isFloat, numbersOf } from "../model/tensor.ts";
import { areOnAxis1, type Channels, carried } from "./channels.ts";

export interface Chain {
  readonly layer: NodeProto;
  /** From the layer's reader to what the batch norm reads. */
  readonly between: readonly Link[];
}

interface Link {
  readonly node: NodeProto;
  /** Which of its inputs is the one that comes from the layer. */
  readonly slot: number;
  /** Where it adds a constant: that. */
  readonly added: TensorProto | null;
  /** Whether it gives what it gets; so it may go. */
  readonly idle: boolean;
}

const layers = ["Conv", "ConvTranspose", "Gemm", "MatMul", "BatchNormalization"];
const carriers = ["Reshape", "Transpose", "Squeeze", "Unsqueeze", "Flatten"];

/** The layer behind a value, when all that it gives goes this one way. */
export function chainTo(graph: Graph, name: string): Chain | Refusal {
  const between: Link[] = [];
  for (let value = name; ; ) {
    const maker = graph.maker(value);
    if (!maker) return refuse(`no layer is before it: its input is "${value}"${whence(graph, value)}`);
    if (isOperator(maker, ...layers) && maker.output[0] === value) {
      return findBranch(graph, [maker, ...between.map(({ node }) => node)]) ?? { layer: maker, between };
    }
    const link = linkOf(graph, maker, value);
    if (!link) return refuse(`no layer is before it: its input comes from ${describe(maker)}`);
    between.unshift(link);
    value = maker.input[link.slot];
  }
}

function whence(graph: Graph, name: string): string {
  if (!graph.has(name)) return ", from outside of the inner graph";
  return isRefusal(graph.constant(name)) ? ", which a run is given" : ", a constant";
}

/** Why not, where a value on the way is read elsewhere too. */
function findBranch(graph: Graph, nodes: readonly NodeProto[]): Refusal | null {
  for (const node of nodes) {
    const [value] = node.output;
    if (graph.isOutput(value)) return refuse(`what ${describe(node)} gives is an output of the model too`);
    const { length } = graph.readers(value);
    if (length > 1) return refuse(`what ${describe(node)} gives is read ${length} times`);
  }
  return null;
}

/** A node as a link of a chain; null where it is none. */
function linkOf(graph: Graph, node: NodeProto, value: string): Link | null {
  if (node.output[0] !== value) return null;
  if (isIdle(graph, node)) return { node, slot: 0, added: null, idle: true };
  if (isOperator(node, ...carriers)) return { node, slot: 0, added: null, idle: false };
  if (!isOperator(node, "Add") || node.input.length !== 2) return null;
  const constants = node.input.map((name) => graph.constant(name));
  const slot = constants.findIndex(isRefusal);
  const other = constants[1 - slot];
  if (slot < 0 || isRefusal(other) || !isFloat(other.tensor)) return null;
  return { node, slot, added: other.tensor, idle: false };
}

/** Identity, and Dropout as it is in inference, its mask read by nobody. */
export function isIdle(graph: Graph, node: NodeProto): boolean {
  if (isOperator(node, "Identity")) return true;
  if (!isOperator(node, "Dropout")) return false;
  const [, mask = ""] = node.output;
  if (mask && (graph.readers(mask).length > 0 || graph.isOutput(mask))) return false;
  return !node.input[2] || isFalse(graph, node.input[2]);
}

function isFalse(graph: Graph, name: string): boolean {
  const answer = graph.constant(name);
  if (isRefusal(answer)) return false;
  const { rawData, int32Data } = answer.tensor;
  const [value] = rawData.length ? rawData : int32Data;
  return value === 0;
}

/**
 * Follows a layer's channels to the batch norm.
 *
 * @returns  what is added to each of them on the way; refuses unless they certainly are on axis 1 in the end
 */
export function addedOnTheWay(graph: Graph, { layer, between }: Chain, channels: Channels): Float64Array | Refusal {
  const added = new Float64Array(channels.size);
  let at = channels;
  for (const { node, added: constant, idle } of between) {
    if (idle) continue;
    if (!constant) {
      const next = carried(graph, node, at);
      if (isRefusal(next)) return next;
      at = next;
      continue;
    }
    const { dims, values } = numbersOf(constant);
    if (!isByChannel(dims, at)) return refuse(`${describe(node)} adds more than one value for each channel`);
    for (let c = 0; c < added.length; c++) added[c] += values[values.length === 1 ? 0 : c];
  }
  if (areOnAxis1(at)) return added;
  const known = at.before ? "are not on axis 1 there" : "may not be on axis 1 there: the rank is not known";
  return refuse(`the channels of ${describe(layer)} ${known}`);
}

/** Whether a shape broadcasts along the channels' axis only. */
function isByChannel(dims: readonly Dim[], { size, before, after }: Channels): boolean {
  if (!after) return dims.every((dim) => dim === 1) && dims.length < 2;
  const axis = dims.length - 1 - after.length;
  const deepest = before ? before.length : 0;
  return axis <= deepest && dims.every((dim, i) => dim === 1 || (i === axis && dim === size));
}

/**
 * Takes the links out that do nothing any more, and makes the chain give its result under another name.
 *
 * @param start  what the layer gives
 */
export function closeChain(graph: Graph, { between }: Chain, start: string, result: string): void {
  let value = start;
  for (const { node, slot, added, idle } of between) {
    if (idle || added) {
      graph.remove(node);
    } else {
      graph.setInput(node, slot, value);
      value = node.output[0];
    }
  }
  const last = graph.maker(value);
  if (last) graph.setOutput(last, 0, result);
}
