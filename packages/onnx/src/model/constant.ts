import { create } from "@bufbuild/protobuf";
import {
  type AttributeProto,
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProtoSchema,
} from "onnx-buf";
import { copyMessage } from "./copy.ts";
import { DataType } from "./tensor.ts";

/** The tensor that a Constant node gives; null for strings, sparse tensors and references, which nothing here reads. */
export function tensorOf(node: NodeProto): TensorProto | null {
  for (const attribute of node.attribute) {
    const tensor = attribute.refAttrName ? null : tensorIn(attribute);
    if (tensor) return tensor;
  }
  return null;
}

function tensorIn({ name, t, f, floats, i, ints }: AttributeProto): TensorProto | null {
  switch (name) {
    case "value":
      return t ?? null;
    case "value_float":
      return create(TensorProtoSchema, { dataType: DataType.FLOAT, floatData: [f] });
    case "value_floats":
      return create(TensorProtoSchema, { dataType: DataType.FLOAT, dims: [BigInt(floats.length)], floatData: floats });
    case "value_int":
      return create(TensorProtoSchema, { dataType: DataType.INT64, int64Data: [i] });
    case "value_ints":
      return create(TensorProtoSchema, { dataType: DataType.INT64, dims: [BigInt(ints.length)], int64Data: ints });
    default:
      return null;
  }
}

/** A Constant node for a tensor, which gives it under the tensor's name. */
export function constantNode(tensor: TensorProto): NodeProto {
  return create(NodeProtoSchema, {
    opType: "Constant",
    output: [tensor.name],
    attribute: [{ name: "value", type: AttributeType.TENSOR, t: tensor }],
  });
}

/** Makes a Constant node give another tensor. */
export function setTensor(node: NodeProto, tensor: TensorProto): void {
  const isValue = ({ name }: AttributeProto) => name.startsWith("value");
  node.attribute = node.attribute.map((attribute) => {
    if (!isValue(attribute)) return attribute;
    if (attribute.name !== "value") {
      return create(AttributeProtoSchema, { name: "value", type: AttributeType.TENSOR, t: tensor });
    }
    const changed = copyMessage(AttributeProtoSchema, attribute);
    changed.t = tensor;
    return changed;
  });
}
