/** Tensors as onnxruntime takes and gives them. */
import type { Random } from "batchnorm";
import { float16, fromBits, toBits } from "batchnorm/formats";
import { OnnxError } from "../errors.ts";

export type TypedArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/** A value for an input of a model. */
export interface ModelInput {
  /** In the type of the model's input; float16 as its bits in a Uint16Array, bool as 0 and 1 in a Uint8Array. */
  readonly data: TypedArray;
  readonly dims: readonly number[];
}

/** One whose type the model has told. */
export interface NamedInput extends ModelInput {
  readonly type: string;
}

/** What a model is run on. */
export interface InputOptions {
  /** Values for inputs by name; the others get random ones. */
  readonly inputs?: Readonly<Record<string, ModelInput>>;
  /** Shapes of inputs by name. */
  readonly shapes?: Readonly<Record<string, readonly number[]>>;
  /** Sizes by the names that the model gives to sizes it leaves open, such as batch. */
  readonly sizes?: Readonly<Record<string, number>>;
}

/** The names of `InputOptions`. */
export const inputOptions = ["inputs", "shapes", "sizes"] as const;

/** Large enough to be another number than 0, small enough to be an index into anything. */
const INTEGERS = 2;

/**
 * Random values of an onnxruntime type: floats are standard normal, integers and booleans 0 or 1.
 *
 * @throws OnnxError E_VALUE for a type that has no such values
 */
export function randomValues(type: string, count: number, random: Random, name: string): TypedArray {
  const normal = () => random.normal();
  const integer = () => random.integer(INTEGERS);
  const fill = <T extends TypedArray>(array: T, next: () => T[number]): T => {
    for (let i = 0; i < array.length; i++) array[i] = next();
    return array;
  };
  const wide = () => BigInt(integer());
  switch (type) {
    case "float32":
      return fill(new Float32Array(count), normal);
    case "float64":
      return fill(new Float64Array(count), normal);
    case "float16":
      return fill(new Uint16Array(count), () => toBits(normal(), float16));
    case "int8":
      return fill(new Int8Array(count), integer);
    case "uint8":
    case "bool":
      return fill(new Uint8Array(count), integer);
    case "int16":
      return fill(new Int16Array(count), integer);
    case "uint16":
      return fill(new Uint16Array(count), integer);
    case "int32":
      return fill(new Int32Array(count), integer);
    case "uint32":
      return fill(new Uint32Array(count), integer);
    case "int64":
      return fill(new BigInt64Array(count), wide);
    case "uint64":
      return fill(new BigUint64Array(count), wide);
    default:
      throw new OnnxError("E_VALUE", `there are no random values of type ${type}: give input "${name}"`);
  }
}

/** What a tensor of onnxruntime holds, as numbers; null for strings. */
export function numbersFrom(type: string, data: ArrayLike<unknown>): Float64Array | null {
  if (type === "string") return null;
  if (type === "float16" && ArrayBuffer.isView(data)) {
    const bits = new Uint16Array(data.buffer, data.byteOffset, data.length);
    return Float64Array.from(bits, (each) => fromBits(each, float16));
  }
  return Float64Array.from(data as ArrayLike<number | bigint>, Number);
}
