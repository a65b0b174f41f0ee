import type { NodeProto } from "onnx-buf";
import { describe, floatOf, integerOf } from "../model/attributes.ts";
import type { Graph } from "../model/graph.ts";
import { isRefusal, type Refusal, refuse } from "../model/refusal.ts";
import type { Numbers } from "../model/tensor.ts";
import {
  type Affine,
  biasName,
  type Change,
  type Layer,
  optionalWeightsOf,
  replaceConstants,
  type Scope,
  type Weights,
  weightsOf,
} from "./layer.ts";

/** A Gemm whose weights and bias are constant: alpha·A·B + beta·C, where B is [inputs, outputs], or transposed. */
export interface Gemm {
  readonly alpha: number;
  readonly inputs: number;
  readonly outputs: number;
  /** The input and the output that a weight stands between, by its index. */
  inputOf(index: number): number;
  outputOf(index: number): number;
  readonly weights: Weights;
  readonly bias: Weights | null;
}

/** A bias that has a value for each row is spread over the columns, up to this many values: the file grows by them. */
const MOST_BIAS_VALUES = 1 << 20;

/**
 * Gemm: y = alpha·A·B + beta·C, channels are the columns.
 *
 *   B′[k, n] = B[k, n]·scale[n]      C′ = beta·C·scale + shift      beta′ = 1
 */
export function gemmLayer({ graph, shapes }: Scope, node: NodeProto): Layer | Refusal {
  const gemm = gemmOf(graph, node);
  if (isRefusal(gemm)) return gemm;
  const rows = shapes.dims(node.output[0])?.[0] ?? null;
  return {
    channels: { size: gemm.outputs, before: [rows], after: [] },
    absorb: (affine) => changeGemm(graph, node, gemm, (w, i) => w * affine.scale[gemm.outputOf(i)], affine),
  };
}

export function gemmOf(graph: Graph, node: NodeProto): Gemm | Refusal {
  const weights = weightsOf(graph, node, 1, "weights");
  if (isRefusal(weights)) return weights;
  const bias = optionalWeightsOf(graph, node, 2, "bias");
  if (bias && isRefusal(bias)) return bias;
  const transposed = integerOf(node, "transB", 0) !== 0;
  const { dims } = weights;
  const [inputs, outputs] = transposed ? dims.toReversed() : dims;
  const columns = bias?.dims.at(-1) ?? 1;
  if (dims.length !== 2 || (bias && bias.dims.length > 2) || (columns !== 1 && columns !== outputs)) {
    return refuse(`the weights or the bias of ${describe(node)} have a shape that they cannot have`);
  }
  const row = (i: number) => Math.floor(i / dims[1]);
  const column = (i: number) => i % dims[1];
  return {
    alpha: floatOf(node, "alpha", 1),
    inputs,
    outputs,
    weights,
    bias,
    inputOf: transposed ? column : row,
    outputOf: transposed ? row : column,
  };
}

/**
 * @param weight  the new weight for one at an index
 * @param affine  what is to happen to beta·C: for each column a factor and a summand
 */
export function changeGemm(
  graph: Graph,
  node: NodeProto,
  { weights, bias, outputs }: Gemm,
  weight: (w: number, index: number) => number,
  affine: Affine,
): Change | Refusal {
  const like = weights.tensor;
  const name = biasName(node.input[1]);
  const spread = spreadBias(bias, outputs, floatOf(node, "beta", 1), affine);
  if (isRefusal(spread)) return spread;
  const change = replaceConstants(graph, node, [
    { slot: 1, old: like, like, name, dims: weights.dims, values: weights.values.map(weight) },
    { slot: 2, old: bias?.tensor ?? null, like, name, ...spread },
  ]);
  if (isRefusal(change)) return change;
  return {
    apply() {
      change.apply();
      node.attribute = node.attribute.filter((attribute) => attribute.name !== "beta");
    },
  };
}

/** beta·C·scale + shift, with a value for each column: C may be anything that broadcasts to [rows, columns]. */
function spreadBias(bias: Numbers | null, columns: number, beta: number, { scale, shift }: Affine): Numbers | Refusal {
  if (!bias) return { dims: [columns], values: shift };
  const { dims, values } = bias;
  const rows = dims.length === 2 ? dims[0] : 1;
  if (rows * columns > MOST_BIAS_VALUES) return refuse(`a bias of [${rows}, ${columns}] would be needed`);
  const stride = values.length === rows ? 1 : columns;
  const column = (i: number) => i % columns;
  const at = (i: number) => Math.floor(i / columns) * stride + (stride === 1 ? 0 : column(i));
  return {
    dims: dims.length === 2 ? [rows, columns] : [columns],
    values: Float64Array.from(
      { length: rows * columns },
      (_, i) => beta * values[at(i)] * scale[column(i)] + shift[column(i)],
    ),
  };
}
