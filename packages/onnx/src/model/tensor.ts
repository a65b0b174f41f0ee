/** Tensors of a model as numbers and back, in the type and the field they came in. */

import { create } from "@bufbuild/protobuf";
import { bfloat16, float16, fromBits, type SmallFloat, toBits } from "batchnorm/formats";
import { type TensorProto, TensorProto_DataLocation, TensorProto_DataType, TensorProtoSchema } from "onnx-buf";
import { check, OnnxError } from "../errors.ts";
import { copyMessage } from "./copy.ts";

export { TensorProto_DataType as DataType } from "onnx-buf";

/** One of ONNX's floating point types: how its values are stored. */
interface FloatType {
  readonly name: string;
  readonly bytes: number;
  /** The field that holds the values where raw_data does not. */
  readonly list: "floatData" | "doubleData" | "int32Data";
  read(view: DataView, offset: number): number;
  write(view: DataView, offset: number, value: number): void;
  fromItem(item: number): number;
  toItem(value: number): number;
  /** The nearest value of the type. */
  round(value: number): number;
}

const same = (value: number) => value;

function small(name: string, format: SmallFloat): FloatType {
  return {
    name,
    bytes: 2,
    list: "int32Data",
    read: (view, offset) => fromBits(view.getUint16(offset, true), format),
    write: (view, offset, value) => view.setUint16(offset, toBits(value, format), true),
    fromItem: (item) => fromBits(item & 0xffff, format),
    toItem: (value) => toBits(value, format),
    round: (value) => fromBits(toBits(value, format), format),
  };
}

const floatTypes = new Map<number, FloatType>([
  [
    TensorProto_DataType.FLOAT,
    {
      name: "float32",
      bytes: 4,
      list: "floatData",
      read: (view, offset) => view.getFloat32(offset, true),
      write: (view, offset, value) => view.setFloat32(offset, value, true),
      fromItem: same,
      toItem: Math.fround,
      round: Math.fround,
    },
  ],
  [
    TensorProto_DataType.DOUBLE,
    {
      name: "float64",
      bytes: 8,
      list: "doubleData",
      read: (view, offset) => view.getFloat64(offset, true),
      write: (view, offset, value) => view.setFloat64(offset, value, true),
      fromItem: same,
      toItem: same,
      round: same,
    },
  ],
  [TensorProto_DataType.FLOAT16, small("float16", float16)],
  [TensorProto_DataType.BFLOAT16, small("bfloat16", bfloat16)],
]);

/** A tensor's values with their shape. */
export interface Numbers {
  readonly dims: readonly number[];
  readonly values: Float64Array;
}

/** "float32", "int64", …: what error messages call a type. */
export function typeName(dataType: number): string {
  return floatTypes.get(dataType)?.name ?? TensorProto_DataType[dataType]?.toLowerCase() ?? `type ${dataType}`;
}

export function isFloat({ dataType }: TensorProto): boolean {
  return floatTypes.has(dataType);
}

/** How many values a shape has. @throws OnnxError E_FORMAT when a size is negative or the product no exact number */
export function shapeOf({ dims, name }: TensorProto): { dims: number[]; count: number } {
  const sizes = dims.map(Number);
  const count = sizes.reduce((product, size) => product * size, 1);
  const valid = sizes.every((size) => Number.isSafeInteger(size) && size >= 0) && Number.isSafeInteger(count);
  check(valid, "E_FORMAT", () => `expected tensor "${name}" to have sizes that are possible, got [${dims.join(", ")}]`);
  return { dims: sizes, count };
}

/**
 * The values of a tensor of any floating point type.
 *
 * @throws OnnxError E_UNSUPPORTED for another type, or where its data was not read; E_FORMAT when there are more or fewer
 *         values than its shape says
 */
export function numbersOf(tensor: TensorProto): Numbers {
  const type = floatTypes.get(tensor.dataType);
  check(type !== undefined, "E_UNSUPPORTED", () => {
    return `expected tensor "${tensor.name}" to be of a floating point type, got ${typeName(tensor.dataType)}`;
  });
  const { dims, count } = shapeOf(tensor);
  const view = rawView(tensor, count, type.bytes);
  if (!view) {
    const items = tensor[type.list];
    checkCount(tensor, items.length, count);
    return { dims, values: Float64Array.from(items, type.fromItem) };
  }
  const values = new Float64Array(count);
  for (let i = 0; i < count; i++) values[i] = type.read(view, i * type.bytes);
  return { dims, values };
}

/** The values of an int64 or int32 tensor: a shape or a list of axes. @throws OnnxError as `numbersOf` */
export function integersOf(tensor: TensorProto): number[] {
  const { count } = shapeOf(tensor);
  const wide = tensor.dataType === TensorProto_DataType.INT64;
  check(wide || tensor.dataType === TensorProto_DataType.INT32, "E_UNSUPPORTED", () => {
    return `expected tensor "${tensor.name}" to be int64 or int32, got ${typeName(tensor.dataType)}`;
  });
  const view = rawView(tensor, count, wide ? 8 : 4);
  if (!view) {
    const items: readonly (number | bigint)[] = wide ? tensor.int64Data : tensor.int32Data;
    checkCount(tensor, items.length, count);
    return items.map(Number);
  }
  return Array.from({ length: count }, (_, i) =>
    wide ? Number(view.getBigInt64(i * 8, true)) : view.getInt32(i * 4, true),
  );
}

/** The bytes of raw_data, or null where the values are in a field of their type. */
function rawView(tensor: TensorProto, count: number, bytes: number): DataView | null {
  const { name, rawData } = tensor;
  check(tensor.segment === undefined, "E_UNSUPPORTED", () => `tensor "${name}" is stored in segments`);
  if (!Object.hasOwn(tensor, "rawData")) {
    check(tensor.dataLocation !== TensorProto_DataLocation.EXTERNAL, "E_UNSUPPORTED", () => {
      return `the values of tensor "${name}" are in a file of their own: read the model by its path, not from bytes`;
    });
    return null;
  }
  if (rawData.length % bytes) {
    throw new OnnxError("E_FORMAT", `expected tensor "${name}" to have whole values, got ${rawData.length} bytes`);
  }
  checkCount(tensor, rawData.length / bytes, count);
  return new DataView(rawData.buffer, rawData.byteOffset, rawData.byteLength);
}

function checkCount({ name, dims }: TensorProto, got: number, expected: number): void {
  check(got === expected, "E_FORMAT", () => {
    return `expected tensor "${name}" of shape [${dims.join(", ")}] to have ${expected} values, got ${got}`;
  });
}

/**
 * A tensor of these values in the type and the field of another, each value rounded once.
 *
 * @param like    where the type comes from, and whether the values are raw, in a list, or in a file of their own
 * @returns       null when a value is not finite in that type
 */
export function tensorLike(like: TensorProto, name: string, numbers: Numbers): TensorProto | null {
  return fill(create(TensorProtoSchema, { name }), like, numbers);
}

/** The same tensor, its name, notes and unknown fields kept, with other values; as `tensorLike`. */
export function withNumbers(tensor: TensorProto, numbers: Numbers): TensorProto | null {
  return fill(copyMessage(TensorProtoSchema, tensor), tensor, numbers);
}

function fill(tensor: TensorProto, like: TensorProto, { dims, values }: Numbers): TensorProto | null {
  const type = floatTypes.get(like.dataType);
  if (!type) throw new OnnxError("E_UNSUPPORTED", `tensor "${like.name}" is not of a floating point type`);
  for (const value of values) if (!Number.isFinite(type.round(value))) return null;
  tensor.dims = dims.map(BigInt);
  tensor.dataType = like.dataType;
  if (Object.hasOwn(like, "dataLocation")) tensor.dataLocation = like.dataLocation;
  if (!Object.hasOwn(like, "rawData")) {
    tensor[type.list] = Array.from(values, type.toItem);
    return tensor;
  }
  tensor.rawData = new Uint8Array(values.length * type.bytes);
  const view = new DataView(tensor.rawData.buffer);
  for (let i = 0; i < values.length; i++) type.write(view, i * type.bytes, values[i]);
  return tensor;
}
