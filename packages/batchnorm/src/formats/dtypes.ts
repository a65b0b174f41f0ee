/** The types of numbers that safetensors files have and this library reads and writes. */
import { typedArrayName } from "../tensor/arrays.ts";
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
  /** The numbers of all bits, made when they are first wanted. */
  let numbers: Float32Array | null = null;
  return {
    width: 2,
    array: Float32Array,
    read(bytes) {
      numbers ??= Float32Array.from({ length: 1 << 16 }, (_, bits) => fromBits(bits, format));
      const bits = new Uint16Array(bytes);
      const values = new Float32Array(bits.length);
      for (let i = 0; i < bits.length; i++) values[i] = numbers[bits[i]];
      return values;
    },
    write(values) {
      const bits = new Uint16Array(values.length);
      for (let i = 0; i < bits.length; i++) bits[i] = toBits(values[i] as number, format);
      return bits;
    },
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
  const array = typedArrayName(values);
  return dtypeNames.find((name) => !/16/.test(name) && dtypes[name].array.name === array) ?? null;
}
