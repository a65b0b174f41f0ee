/** The types of numbers that safetensors files have and this library reads and writes. */
import { bfloat16, float16, fromBits, type SmallFloat, toBits } from "./smallfloat.ts";

/** F16 and BF16 are float32 in memory: each of their values is exactly one. */
export type Dtype = "F64" | "I64" | "F32" | "I32" | "F16" | "BF16" | "U8";

export type Values = Float64Array | BigInt64Array | Float32Array | Int32Array | Uint8Array;

interface Kind {
  /** Bytes of a number. */
  readonly width: number;
  /** What holds them in memory. */
  readonly array: { new (buffer: ArrayBuffer): Values; readonly name: string };
  /** From little-endian bytes that are the caller's to give away. */
  read(bytes: ArrayBuffer): Values;
  write(values: Values): ArrayBufferView;
}

/** As the bytes stand. */
function plain(width: number, array: Kind["array"]): Kind {
  return { width, array, read: (bytes) => new array(bytes), write: (values) => values };
}

function half(format: SmallFloat): Kind {
  return {
    width: 2,
    array: Float32Array,
    read: (bytes) => Float32Array.from(new Uint16Array(bytes), (bits) => fromBits(bits, format)),
    write: (values) => Uint16Array.from(values as Float32Array, (value) => toBits(value, format)),
  };
}

/** The widest first: written in this order, all are aligned. */
export const dtypes: Readonly<Record<Dtype, Kind>> = {
  F64: plain(8, Float64Array),
  I64: plain(8, BigInt64Array),
  F32: plain(4, Float32Array),
  I32: plain(4, Int32Array),
  F16: half(float16),
  BF16: half(bfloat16),
  U8: plain(1, Uint8Array),
};

export const dtypeNames = Object.keys(dtypes) as Dtype[];

/** The type that numbers in such an array have by themselves; null for another array. */
export function dtypeOf(values: unknown): Dtype | null {
  return dtypeNames.find((name) => !/16/.test(name) && values instanceof dtypes[name].array) ?? null;
}
