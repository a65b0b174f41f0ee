import { create } from "@bufbuild/protobuf";
import { type NodeProto, NodeProtoSchema } from "onnx-buf";
import { describe } from "../model/attributes.ts";
import { isRefusal, type Refusal, refuse } from "../model/refusal.ts";
import { tensorLike } from "../model/tensor.ts";
import { channelsAt } from "./channels.ts";
import { biasName, type Change, type Layer, replaceConstants, type Scope, type Weights, weightsOf } from "./layer.ts";

/** A product with a constant matrix on one side. */
export interface Product {
  /** The constant's place among the inputs: 1 for x·W, 0 for W·x. */
  readonly side: 0 | 1;
  /** [inputs, outputs] for x·W, [outputs, inputs] for W·x. */
  readonly weights: Weights;
  readonly inputs: number;
  readonly outputs: number;
  inputOf(index: number): number;
  outputOf(index: number): number;
}

/**
 * MatMul with a constant matrix: the channels are the last axis of x·W, the last but one of W·x.
 *
 *   W′ = W·scale, by columns or by rows      and shift added
 *
 * There is no bias. Where both sides are matrices the node becomes a Gemm, which has one; else an Add follows it.
 */
export function matMulLayer(scope: Scope, node: NodeProto): Layer | Refusal {
  const found = productOf(scope, node);
  if (isRefusal(found)) return found;
  const { side, outputs, weights, outputOf } = found;
  const other = scope.shapes.dims(node.input[1 - side]);
  if (other && other.length < 2) return refuse(`${describe(node)} multiplies vectors`);
  if (side === 0 && !other)
    return refuse(`the rank of "${node.input[1]}", which ${describe(node)} reads, is not known`);
  const channels =
    side === 1
      ? { size: outputs, before: other?.slice(0, -1) ?? null, after: [] }
      : channelsAt(other ?? [], (other?.length ?? 0) - 2, outputs);
  return {
    channels,
    absorb: ({ scale, shift }) =>
      changeMatMul(
        scope,
        node,
        found,
        weights.values.map((w, i) => w * scale[outputOf(i)]),
        shift,
      ),
  };
}

export function productOf({ graph }: Scope, node: NodeProto): Product | Refusal {
  const right = weightsOf(graph, node, 1, "weights");
  const weights = isRefusal(right) ? weightsOf(graph, node, 0, "weights") : right;
  if (isRefusal(weights)) return isRefusal(right) ? right : weights;
  const { dims } = weights;
  if (dims.length !== 2)
    return refuse(`the constant side of ${describe(node)} is no matrix but has rank ${dims.length}`);
  const side = isRefusal(right) ? 0 : 1;
  const row = (i: number) => Math.floor(i / dims[1]);
  const column = (i: number) => i % dims[1];
  return {
    side,
    weights,
    inputs: dims[1 - side],
    outputs: dims[side],
    inputOf: side ? row : column,
    outputOf: side ? column : row,
  };
}

/**
 * @param values  the new weights
 * @param shift   what is added to each output channel
 */
export function changeMatMul(
  { graph, shapes }: Scope,
  node: NodeProto,
  { side, weights, outputs }: Product,
  values: Float64Array,
  shift: Float64Array,
): Change | Refusal {
  const like = weights.tensor;
  const name = biasName(node.input[side]);
  const matrix = { slot: side, old: like, like, name, dims: weights.dims, values };
  const asGemm = side === 1 && shapes.dims(node.input[0])?.length === 2;
  if (asGemm || shift.every((value) => value === 0)) {
    const bias = { slot: 2, old: null, like, name, dims: [outputs], values: shift };
    const change = replaceConstants(graph, node, [matrix, bias]);
    if (isRefusal(change)) return change;
    return {
      apply() {
        change.apply();
        if (node.input.length > 2) node.opType = "Gemm";
      },
    };
  }
  const change = replaceConstants(graph, node, [matrix]);
  const bias = tensorLike(like, name, { dims: side ? [outputs] : [outputs, 1], values: shift });
  if (isRefusal(change)) return change;
  if (!bias) return refuse(`the bias that ${describe(node)} needs would not be finite`);
  return {
    apply() {
      change.apply();
      const result = node.output[0];
      const before = graph.freshName(`${result}_product`);
      const added = graph.addConstant(bias, name);
      graph.setOutput(node, 0, before);
      const add = { opType: "Add", name: node.name && `${node.name}_bias`, input: [before, added], output: [result] };
      graph.insertAfter(node, create(NodeProtoSchema, add));
    },
  };
}
