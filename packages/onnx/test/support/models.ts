/** Models for tests, made with the protobuf library; numbers are random, from a seed. */
import { create } from "@bufbuild/protobuf";
import { Random } from "batchnorm";
import {
  type AttributeProto,
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  type GraphProto,
  GraphProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from "onnx-buf";
import type { OnnxModel } from "#dist/index.js";
import { DataType, tensorLike } from "#dist/model/tensor.js";

export { DataType };

type AttributeValue = number | number[] | string | TensorProto | GraphProto;
type Shape = readonly (number | string)[];

/** Attributes that are floats whatever their value. */
const FLOATS = new Set(["epsilon", "momentum", "alpha", "beta", "ratio", "value_float"]);

export interface Spec {
  opset?: number;
  irVersion?: number;
  /** Shapes; a name for a size that is left open, null for a shape that is not declared. */
  inputs: Record<string, Shape | null>;
  /** The inputs' type. */
  type?: DataType;
  outputs: string[];
  constants?: TensorProto[];
  nodes: NodeProto[];
  valueInfo?: Record<string, Shape>;
}

export function model(spec: Spec): OnnxModel {
  const { opset = 17, irVersion = 8 } = spec;
  const proto: ModelProto = create(ModelProtoSchema, {
    irVersion: BigInt(irVersion),
    opsetImport: [{ domain: "", version: BigInt(opset) }],
    graph: graph(spec),
  });
  return { proto: proto as OnnxModel["proto"], opset, files: [] };
}

export function graph({
  inputs,
  type = DataType.FLOAT,
  outputs,
  constants = [],
  nodes,
  valueInfo = {},
}: Spec): GraphProto {
  return create(GraphProtoSchema, {
    name: "graph",
    input: Object.entries(inputs).map(([name, shape]) => valueInfoOf(name, shape, type)),
    output: outputs.map((name) => create(ValueInfoProtoSchema, { name })),
    initializer: constants,
    node: nodes,
    valueInfo: Object.entries(valueInfo).map(([name, shape]) => valueInfoOf(name, shape, type)),
  });
}

export function valueInfoOf(name: string, shape: Shape | null, elemType: DataType): ValueInfoProto {
  const dim = shape?.map((size) => ({
    value:
      typeof size === "number"
        ? { case: "dimValue" as const, value: BigInt(size) }
        : { case: "dimParam" as const, value: size },
  }));
  const value = { elemType, ...(dim && { shape: { dim } }) };
  return create(ValueInfoProtoSchema, { name, type: { value: { case: "tensorType", value } } });
}

/** @param inputs  separated by commas; two of these in a row leave one out */
export function node(opType: string, inputs: string, outputs: string, attributes: Record<string, AttributeValue> = {}) {
  return create(NodeProtoSchema, {
    opType,
    name: outputs.split(",")[0].toUpperCase(),
    input: inputs ? inputs.split(",") : [],
    output: outputs.split(","),
    attribute: Object.entries(attributes).map(([name, value]) => attribute(name, value)),
  });
}

function attribute(name: string, value: AttributeValue): AttributeProto {
  return create(AttributeProtoSchema, { name, ...valueFields(name, value) });
}

function valueFields(name: string, value: AttributeValue) {
  if (typeof value === "string") return { type: AttributeType.STRING, s: new TextEncoder().encode(value) };
  if (Array.isArray(value)) return { type: AttributeType.INTS, ints: value.map(BigInt) };
  if (typeof value !== "number") {
    return "dims" in value ? { type: AttributeType.TENSOR, t: value } : { type: AttributeType.GRAPH, g: value };
  }
  if (FLOATS.has(name)) return { type: AttributeType.FLOAT, f: value };
  return { type: AttributeType.INT, i: BigInt(value) };
}

export interface Storage {
  type?: DataType;
  /** Values in raw_data, or in the field of their type. */
  raw?: boolean;
}

export function tensor(name: string, dims: number[], values: ArrayLike<number>, storage: Storage = {}): TensorProto {
  const { type = DataType.FLOAT, raw = true } = storage;
  const like = create(TensorProtoSchema, { dataType: type, ...(raw && { rawData: new Uint8Array(0) }) });
  const made = tensorLike(like, name, { dims, values: Float64Array.from(values) });
  if (!made) throw new RangeError("expected values that are finite in their type");
  return made;
}

export function integers(name: string, values: number[]): TensorProto {
  const int64Data = values.map(BigInt);
  return create(TensorProtoSchema, { name, dims: [BigInt(values.length)], dataType: DataType.INT64, int64Data });
}

/** A tensor of normal numbers. */
export function random(name: string, dims: number[], storage: Storage = {}): TensorProto {
  const generator = new Random(seedOf(name));
  const count = dims.reduce((product, size) => product * size, 1);
  const values = Array.from({ length: count }, () => generator.normal());
  return tensor(name, dims, values, storage);
}

/** The four parameters of a batch norm: bn.gamma, bn.beta, bn.mean, bn.var. */
export function parameters(name: string, channels: number, storage: Storage = {}): TensorProto[] {
  const generator = new Random(seedOf(name));
  const draw = (next: () => number) => Array.from({ length: channels }, next);
  return [
    tensor(
      `${name}.gamma`,
      [channels],
      draw(() => (generator.uniform() + 0.5) * (generator.integer(2) * 2 - 1)),
      storage,
    ),
    tensor(
      `${name}.beta`,
      [channels],
      draw(() => generator.normal()),
      storage,
    ),
    tensor(
      `${name}.mean`,
      [channels],
      draw(() => generator.normal()),
      storage,
    ),
    tensor(
      `${name}.var`,
      [channels],
      draw(() => generator.uniform() * 2 + 0.1),
      storage,
    ),
  ];
}

/** A batch norm over those parameters. */
export function batchNorm(
  name: string,
  input: string,
  output: string,
  attributes: Record<string, AttributeValue> = {},
) {
  const inputs = [input, ...["gamma", "beta", "mean", "var"].map((part) => `${name}.${part}`)];
  return node("BatchNormalization", inputs.join(), output, attributes);
}

function seedOf(name: string): number {
  return [...name].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), 7) % 2 ** 31;
}
