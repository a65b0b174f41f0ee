/** A batch norm before a layer goes into the layer's weights: the scale by input channel, the shift into the bias. */
import type { NodeProto } from "onnx-buf";
import { describe, integerListOf, integerOf, isOperator, textOf } from "../model/attributes.ts";
import { constantIntegers } from "../model/axes.ts";
import type { Graph } from "../model/graph.ts";
import { isRefusal, type Refusal, refuse } from "../model/refusal.ts";
import { isIdle } from "./chain.ts";
import { convolutionOf } from "./conv.ts";
import { changeGemm, gemmOf } from "./gemm.ts";
import { type Affine, biasName, type Change, replaceConstants, type Scope } from "./layer.ts";
import { changeMatMul, productOf } from "./matmul.ts";

/** The layer that alone reads a batch norm's output, and what is to be done to it. */
export interface Next {
  readonly layer: NodeProto;
  readonly change: Change;
}

/** @param affine  what the batch norm does to its input */
export function intoNext(scope: Scope, node: NodeProto, affine: Affine): Next | Refusal {
  const { graph } = scope;
  let value = node.output[0];
  for (;;) {
    if (graph.isOutput(value)) return refuse("what it gives is an output of the model");
    const readers = graph.readers(value);
    if (readers.length !== 1) return refuse(`what it gives is read ${readers.length} times`);
    const [reader] = readers;
    const isInput = reader.input[0] === value;
    if (isInput && isIdle(graph, reader)) {
      value = reader.output[0];
    } else if (isInput && isFlattening(graph, reader)) {
      return afterFlatten(scope, reader, affine);
    } else {
      const change = changeOf(scope, reader, value, affine);
      return isRefusal(change) ? change : { layer: reader, change };
    }
  }
}

/** Whether a node makes [N, everything else] of its input. */
function isFlattening(graph: Graph, node: NodeProto): boolean {
  if (isOperator(node, "Flatten")) return integerOf(node, "axis", 1) === 1;
  if (!isOperator(node, "Reshape") || integerOf(node, "allowzero", 0) !== 0) return false;
  return constantIntegers(graph, node, 1)?.join() === "0,-1";
}

/** A Gemm over flattened channels: each of them stands for as many inputs in a row. */
function afterFlatten(scope: Scope, flatten: NodeProto, { scale, shift }: Affine): Next | Refusal {
  const { graph } = scope;
  const [value] = flatten.output;
  const [reader, ...others] = graph.readers(value);
  if (!reader || others.length > 0 || graph.isOutput(value) || !isOperator(reader, "Gemm", "MatMul")) {
    return refuse(`it is read by ${describe(flatten)}`);
  }
  const found = isOperator(reader, "Gemm") ? gemmOf(graph, reader) : productOf(scope, reader);
  if (isRefusal(found)) return found;
  const each = found.inputs / scale.length;
  if (!Number.isInteger(each)) return refuse(mismatch(reader, found.inputs, scale.length));
  const spread = (values: Float64Array) =>
    Float64Array.from({ length: found.inputs }, (_, i) => values[Math.floor(i / each)]);
  const change = changeOf(scope, reader, value, { scale: spread(scale), shift: spread(shift) });
  return isRefusal(change) ? change : { layer: reader, change };
}

function mismatch(layer: NodeProto, inputs: number, channels: number): string {
  return `${describe(layer)} has ${inputs} inputs, which does not go with ${channels} channels`;
}

function changeOf(scope: Scope, layer: NodeProto, value: string, affine: Affine): Change | Refusal {
  if (isOperator(layer, "Conv") && layer.input[0] === value) return beforeConv(scope.graph, layer, affine);
  if (isOperator(layer, "Gemm") && layer.input[0] === value) return beforeGemm(scope.graph, layer, affine);
  if (isOperator(layer, "MatMul")) return beforeMatMul(scope, layer, value, affine);
  return refuse(`it is read by ${describe(layer)}`);
}

/** What the shift of each input adds to each output: Σ W·shift, over the weights between them. */
function through(
  values: Float64Array,
  outputs: number,
  shift: Float64Array,
  { inputOf, outputOf }: { inputOf(index: number): number; outputOf(index: number): number },
): Float64Array {
  const sums = new Float64Array(outputs);
  for (let i = 0; i < values.length; i++) sums[outputOf(i)] += values[i] * shift[inputOf(i)];
  return sums;
}

/**
 * Into a Conv only where every value that it reads is the batch norm's: padding is zeros, which no shift has reached.
 */
function beforeConv(graph: Graph, node: NodeProto, { scale, shift }: Affine): Change | Refusal {
  const convolution = convolutionOf(graph, node, ([outputs]) => outputs);
  if (isRefusal(convolution)) return convolution;
  const { weights, bias, groups, outputs } = convolution;
  const { dims, values } = weights;
  const perGroup = dims[1];
  if (perGroup * groups !== scale.length) return refuse(mismatch(node, perGroup * groups, scale.length));
  if (isPadded(node) && shift.some((value) => value !== 0)) {
    return refuse(`${describe(node)} pads with zeros, which its shift would not reach`);
  }
  const kernel = values.length / (outputs * perGroup);
  const outputOf = (i: number) => Math.floor(i / (kernel * perGroup));
  const group = (i: number) => Math.floor(outputOf(i) / (outputs / groups));
  const inputOf = (i: number) => group(i) * perGroup + (Math.floor(i / kernel) % perGroup);
  const sums = through(values, outputs, shift, { inputOf, outputOf });
  const like = weights.tensor;
  const name = biasName(node.input[1]);
  return replaceConstants(graph, node, [
    { slot: 1, old: like, like, name, dims, values: values.map((w, i) => w * scale[inputOf(i)]) },
    {
      slot: 2,
      old: bias?.tensor ?? null,
      like,
      name,
      dims: [outputs],
      values: sums.map((sum, o) => sum + (bias?.values[o] ?? 0)),
    },
  ]);
}

function isPadded(node: NodeProto): boolean {
  const auto = textOf(node, "auto_pad", "NOTSET");
  if (auto === "NOTSET") return integerListOf(node, "pads")?.some((pad) => pad !== 0) ?? false;
  return auto !== "VALID";
}

function beforeGemm(graph: Graph, node: NodeProto, { scale, shift }: Affine): Change | Refusal {
  if (integerOf(node, "transA", 0) !== 0) return refuse(`${describe(node)} transposes what it gives`);
  const gemm = gemmOf(graph, node);
  if (isRefusal(gemm)) return gemm;
  const { inputs, outputs, weights, alpha, inputOf } = gemm;
  if (inputs !== scale.length) return refuse(mismatch(node, inputs, scale.length));
  const sums = through(weights.values, outputs, shift, gemm).map((sum) => alpha * sum);
  const same = new Float64Array(outputs).fill(1);
  return changeGemm(graph, node, gemm, (w, i) => w * scale[inputOf(i)], { scale: same, shift: sums });
}

function beforeMatMul(scope: Scope, node: NodeProto, value: string, { scale, shift }: Affine): Change | Refusal {
  const found = productOf(scope, node);
  if (isRefusal(found)) return found;
  const { side, inputs, outputs, weights, inputOf } = found;
  if (node.input[1 - side] !== value) return refuse(`${describe(node)} has it for weights`);
  // What is summed over is the last axis of x in x·W, the last but one in W·x: that has to be axis 1.
  const rank = scope.shapes.dims(value)?.length;
  const wanted = side === 1 ? 2 : 3;
  if (rank !== wanted) {
    const got = rank === undefined ? "is not known" : `is ${rank}`;
    return refuse(`${describe(node)} sums over its channels where the rank is ${wanted}, and it ${got}`);
  }
  if (inputs !== scale.length) return refuse(mismatch(node, inputs, scale.length));
  const values = weights.values.map((w, i) => w * scale[inputOf(i)]);
  return changeMatMul(scope, node, found, values, through(weights.values, outputs, shift, found));
}
