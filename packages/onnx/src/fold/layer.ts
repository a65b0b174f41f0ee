/** What folding needs of a layer: where its output's channels are, and to take a scale and a shift into its weights. */
import type { NodeProto, TensorProto } from "onnx-buf";
import { describe } from "../model/attributes.ts";
import type { Graph } from "../model/graph.ts";
import { isRefusal, type Refusal, refuse } from "../model/refusal.ts";
import { isFloat, type Numbers, numbersOf, tensorLike, typeName, withNumbers } from "../model/tensor.ts";
import type { Channels } from "./channels.ts";

export type { Scope } from "../model/scopes.ts";

/** scale·x + shift, channel by channel, in float64. */
export interface Affine {
  readonly scale: Float64Array;
  readonly shift: Float64Array;
}

/** What is to be done to the graph, worked out before anything is changed. */
export interface Change {
  apply(): void;
}

export interface Layer {
  /** Where the channels are in what it gives. */
  readonly channels: Channels;
  /** Makes the layer give scale·y + shift where it gave y, under the same name. */
  absorb(affine: Affine): Change | Refusal;
}

/** The numbers of a constant, and the tensor that tells how they are stored. */
export interface Weights extends Numbers {
  readonly tensor: TensorProto;
}

/** @param what  "weights", "bias": for the reason why not */
export function weightsOf(graph: Graph, node: NodeProto, slot: number, what: string): Weights | Refusal {
  const answer = graph.constant(node.input[slot] ?? "");
  if (isRefusal(answer)) return refuse(`the ${what} of ${describe(node)} cannot be rewritten: ${answer.reason}`);
  const { tensor } = answer;
  if (!isFloat(tensor))
    return refuse(`the ${what} of ${describe(node)} cannot be rewritten in ${typeName(tensor.dataType)}`);
  const numbers = numbersOf(tensor);
  // With a size of 0, the other sizes may be whatever a file says.
  return numbers.values.length ? { tensor, ...numbers } : refuse(`the ${what} of ${describe(node)} have no values`);
}

/** As `weightsOf`, null where the node has no such input. */
export function optionalWeightsOf(graph: Graph, node: NodeProto, slot: number, what: string): Weights | Refusal | null {
  return node.input[slot] ? weightsOf(graph, node, slot, what) : null;
}

/** New numbers for one of a node's constants. */
export interface Replacement extends Numbers {
  readonly slot: number;
  /** The constant that is there; null where there is none, and none is needed for zeros. */
  readonly old: TensorProto | null;
  /** Where there is none: a tensor stored as the new one is to be, and a name. */
  readonly like: TensorProto;
  readonly name: string;
}

/** Gives a node new constants. Refuses where one is not finite in the type it is stored in. */
export function replaceConstants(
  graph: Graph,
  node: NodeProto,
  replacements: readonly Replacement[],
): Change | Refusal {
  const needed = replacements.filter(({ old, values }) => old || values.some((value) => value !== 0));
  const tensors = needed.map((numbers) =>
    numbers.old ? withNumbers(numbers.old, numbers) : tensorLike(numbers.like, numbers.name, numbers),
  );
  const overflow = tensors.indexOf(null);
  if (overflow >= 0) {
    const type = typeName((needed[overflow].old ?? needed[overflow].like).dataType);
    return refuse(`the new weights of ${describe(node)} would not be finite in ${type}`);
  }
  return {
    apply: () =>
      needed.forEach(({ slot }, i) => {
        graph.replaceConstant(node, slot, tensors[i] as TensorProto);
      }),
  };
}

/** The name of a bias that was not there: PyTorch's, where the weights have PyTorch's. */
export function biasName(weights: string): string {
  return /weight$/.test(weights) ? weights.replace(/weight$/, "bias") : `${weights}_bias`;
}
