/** Copies that share what does not change: folding leaves the model that it was given as it is. */
import { create, type DescMessage, type MessageShape } from "@bufbuild/protobuf";
import {
  AttributeProtoSchema,
  FunctionProtoSchema,
  type GraphProto,
  GraphProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
} from "onnx-buf";

/** A message with the same fields, unknown ones too; lists and messages in it are shared. */
export function copyMessage<Desc extends DescMessage>(schema: Desc, message: MessageShape<Desc>): MessageShape<Desc> {
  return Object.assign(create(schema), message);
}

/** A model that has a graph, which every model has that was read. */
export type WholeModel = ModelProto & { graph: GraphProto };

type Replace = (tensor: TensorProto) => TensorProto;

/**
 * A model whose graphs and nodes may be changed. Its tensors are shared, to be replaced and never changed.
 *
 * @param tensor  what stands in for each tensor that is an initializer or an attribute; itself by default
 */
export function copyModel(model: WholeModel, tensor: Replace = (same) => same): WholeModel {
  const copy = copyMessage(ModelProtoSchema, model);
  copy.functions = model.functions.map((each) => {
    const other = copyMessage(FunctionProtoSchema, each);
    other.node = each.node.map((node) => copyNode(node, tensor));
    return other;
  });
  return Object.assign(copy, { graph: copyGraph(model.graph, tensor) });
}

function copyGraph(graph: GraphProto, tensor: Replace): GraphProto {
  const copy = copyMessage(GraphProtoSchema, graph);
  copy.node = graph.node.map((node) => copyNode(node, tensor));
  copy.initializer = graph.initializer.map(tensor);
  return copy;
}

function copyNode(node: NodeProto, tensor: Replace): NodeProto {
  const copy = copyMessage(NodeProtoSchema, node);
  copy.input = [...node.input];
  copy.output = [...node.output];
  copy.attribute = node.attribute.map((attribute) => {
    const { t, g, tensors, graphs } = attribute;
    if (!t && !g && tensors.length + graphs.length === 0) return attribute;
    const other = copyMessage(AttributeProtoSchema, attribute);
    if (t) other.t = tensor(t);
    if (g) other.g = copyGraph(g, tensor);
    other.tensors = tensors.map(tensor);
    other.graphs = graphs.map((each) => copyGraph(each, tensor));
    return other;
  });
  return copy;
}
