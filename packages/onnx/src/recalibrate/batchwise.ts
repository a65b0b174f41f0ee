import { create, type MessageInitShape } from "@bufbuild/protobuf";
import {
  type AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProtoSchema,
} from "onnx-buf";
import { OnnxError } from "../errors.ts";
import { epsOf, parameterOf } from "../model/batchnorm.ts";
import { copyModel } from "../model/copy.ts";
import type { OnnxModel } from "../model/file.ts";
import type { Graph } from "../model/graph.ts";
import { isRefusal } from "../model/refusal.ts";
import { graphsOf } from "../model/scopes.ts";
import { DataType } from "../model/tensor.ts";
import type { Target } from "./targets.ts";

/**
 * A model whose batch norms normalize by each batch's own statistics, as in training. BatchNormalization has that mode only
 * from opset 14 on; with samples and places in one row, InstanceNormalization does the same in all.
 *
 *   x [N, C, …] → [N, C, S] → [C, N, S] → [1, C, N·S] → InstanceNormalization → and back
 */
export function batchwise(model: OnnxModel, targets: readonly Target[]): OnnxModel {
  const proto = copyModel(model.proto);
  const [{ graph }] = graphsOf(proto, model.opset);
  const nodes = targets.map(({ index }) => graph.proto.node[index]);
  for (const node of nodes) replace(graph, node);
  graph.commit();
  return { ...model, proto };
}

function replace(graph: Graph, node: NodeProto): void {
  const [x] = node.input;
  const [y] = node.output;
  const [scale, bias] = [parameter(graph, node, 1), parameter(graph, node, 2)];
  const channels = scale.length;
  const add = (
    opType: string,
    input: string[],
    attribute: Attribute[] = [],
    output = graph.freshName(`${y}_batch`),
  ) => {
    graph.insertAfter(node, create(NodeProtoSchema, { opType, input, output: [output], attribute }));
    return output;
  };
  const cast = (from: string, type: DataType, output?: string) => add("Cast", [from], [integers("to", type)], output);
  const reshape = (from: string, shape: string, output?: string) => add("Reshape", [from, shape], [], output);
  const swap = (from: string) => add("Transpose", [from], [integers("perm", 1, 0, 2)]);
  const to = (...dims: number[]) => graph.addConstant(int64s(dims), `${y}_shape`);

  const type = typeOf(graph, node);
  const isWide = type === DataType.FLOAT;
  graph.remove(node);
  const swapped = swap(reshape(isWide ? x : cast(x, DataType.FLOAT), to(0, channels, -1)));
  const row = reshape(swapped, to(1, channels, -1));
  const parameters = [scale, bias].map((values) => graph.addConstant(float32s(values), `${y}_parameter`));
  const normalized = add("InstanceNormalization", [row, ...parameters], [epsilon(epsOf(node))]);
  const back = swap(reshape(normalized, add("Shape", [swapped])));
  const shape = add("Shape", [x]);
  if (isWide) reshape(back, shape, y);
  else cast(reshape(back, shape), type, y);
}

type Attribute = MessageInitShape<typeof AttributeProtoSchema>;

/** An attribute of one or several integers. */
function integers(name: string, ...values: number[]): Attribute {
  const [first] = values;
  return values.length === 1
    ? { name, type: AttributeType.INT, i: BigInt(first) }
    : { name, type: AttributeType.INTS, ints: values.map(BigInt) };
}

function epsilon(f: number): Attribute {
  return { name: "epsilon", type: AttributeType.FLOAT, f };
}

function int64s(values: readonly number[]): TensorProto {
  const dims = [BigInt(values.length)];
  return create(TensorProtoSchema, { dataType: DataType.INT64, dims, int64Data: values.map(BigInt) });
}

function float32s(values: Float64Array): TensorProto {
  const dims = [BigInt(values.length)];
  return create(TensorProtoSchema, { dataType: DataType.FLOAT, dims, floatData: Array.from(values) });
}

/** Targets have constant parameters. */
function parameter(graph: Graph, node: NodeProto, slot: 1 | 2): Float64Array {
  const values = parameterOf(graph, node, slot);
  if (isRefusal(values)) throw new OnnxError("E_VALUE", values.reason);
  return values;
}

/** The type of what the node normalizes: its scale's. */
function typeOf(graph: Graph, node: NodeProto): DataType {
  const scale = graph.constant(node.input[1]);
  return isRefusal(scale) ? DataType.FLOAT : scale.tensor.dataType;
}
