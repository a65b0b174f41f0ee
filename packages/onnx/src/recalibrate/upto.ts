import { create } from "@bufbuild/protobuf";
import { GraphProtoSchema, ModelProtoSchema, type NodeProto, ValueInfoProtoSchema } from "onnx-buf";
import { copyMessage } from "../model/copy.ts";
import type { OnnxModel } from "../model/file.ts";
import { readBy } from "../model/nested.ts";

/** The part of a model that makes some of its values, and gives these instead of its outputs. */
export function upTo({ proto, ...rest }: OnnxModel, values: readonly string[]): OnnxModel {
  const needed = new Set(values);
  const nodes: NodeProto[] = [];
  for (const node of proto.graph.node.toReversed()) {
    if (!node.output.some((name) => needed.has(name))) continue;
    nodes.push(node);
    for (const name of readBy(node)) needed.add(name);
  }
  const part = copyMessage(GraphProtoSchema, proto.graph);
  part.node = nodes.reverse();
  part.initializer = proto.graph.initializer.filter(({ name }) => needed.has(name));
  // Older models list initializers among their inputs: without its value, one would be an input to give.
  const unused = new Set(proto.graph.initializer.map(({ name }) => name).filter((name) => !needed.has(name)));
  part.input = proto.graph.input.filter(({ name }) => !unused.has(name));
  part.output = [...new Set(values)].map((name) => create(ValueInfoProtoSchema, { name }));
  return { ...rest, proto: Object.assign(copyMessage(ModelProtoSchema, proto), { graph: part }) };
}
