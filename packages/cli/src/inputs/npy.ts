import { float16, fromBits } from "batchnorm/formats";
import type { TypedArray } from "batchnorm-onnx";
import { InputError } from "../errors.ts";
import { integer } from "../words.ts";
import { parseNpyHeader } from "./npyheader.ts";
import { product } from "./samples.ts";

/** An array of an .npy file. */
export interface NpyArray {
  readonly shape: readonly number[];
  readonly dtype: string;
  /** Row-major; float16 as numbers, bool as 0 and 1. May be a view of the file's bytes. */
  readonly data: TypedArray;
}

interface Kind {
  readonly dtype: string;
  readonly array: {
    readonly BYTES_PER_ELEMENT: number;
    new (buffer: ArrayBufferLike, offset: number, length: number): TypedArray;
  };
}

const kinds: Readonly<Record<string, Kind>> = {
  f2: { dtype: "float16", array: Uint16Array },
  f4: { dtype: "float32", array: Float32Array },
  f8: { dtype: "float64", array: Float64Array },
  i1: { dtype: "int8", array: Int8Array },
  i2: { dtype: "int16", array: Int16Array },
  i4: { dtype: "int32", array: Int32Array },
  i8: { dtype: "int64", array: BigInt64Array },
  u1: { dtype: "uint8", array: Uint8Array },
  u2: { dtype: "uint16", array: Uint16Array },
  u4: { dtype: "uint32", array: Uint32Array },
  u8: { dtype: "uint64", array: BigUint64Array },
  b1: { dtype: "bool", array: Uint8Array },
};

/**
 * The array of an .npy file, versions 1 to 3.
 *
 * @param bytes   the whole file
 * @param source  what messages call the file
 * @throws        InputError when the bytes break a rule of the format, or hold a type or order that is not supported
 */
export function parseNpy(bytes: Uint8Array, source: string): NpyArray {
  const { type, isBigEndian, shape, begin } = parseNpyHeader(bytes, source);
  const kind = kinds[type];
  if (!kind) {
    throw new InputError(`${source}: expected values of type ${Object.keys(kinds).join(", ")}, got ${type}`);
  }
  const expected = product(shape) * kind.array.BYTES_PER_ELEMENT;
  const rest = bytes.subarray(begin);
  if (rest.length !== expected) {
    const state = rest.length < expected ? "is cut off" : "has bytes after its end";
    throw new InputError(
      `${source}: ${state}: expected ${integer(expected)} bytes of values of shape [${shape.join(", ")}], got ${integer(rest.length)}`,
    );
  }
  const { dtype } = kind;
  const data = valuesIn(rest, kind, isBigEndian);
  if (dtype === "float16") return { shape, dtype, data: Float32Array.from(data as Uint16Array, asFloat16) };
  if (dtype === "bool" && (data as Uint8Array).some((value) => value > 1)) {
    throw new InputError(`${source}: expected booleans that are 0 or 1, got others`);
  }
  return { shape, dtype, data };
}

const asFloat16 = (bits: number) => fromBits(bits, float16);

/** A view of the bytes, or of a copy where they are in another order or at an odd place. */
function valuesIn(bytes: Uint8Array, { array }: Kind, isBigEndian: boolean): TypedArray {
  const width = array.BYTES_PER_ELEMENT;
  const isReady = !isBigEndian && bytes.byteOffset % width === 0;
  const own = isReady ? bytes : new Uint8Array(bytes);
  if (isBigEndian) swapBytes(Buffer.from(own.buffer), width);
  return new array(own.buffer, own.byteOffset, own.length / width);
}

function swapBytes(bytes: Buffer, width: number): void {
  if (width === 2) bytes.swap16();
  if (width === 4) bytes.swap32();
  if (width === 8) bytes.swap64();
}
