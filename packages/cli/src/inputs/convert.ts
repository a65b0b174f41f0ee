import { float16, fromBits, toBits } from "batchnorm/formats";
import type { TypedArray } from "batchnorm-onnx";
import { InputError } from "../errors.ts";

type Item = number | bigint;

/** How onnxruntime takes values of a type. */
interface Target {
  readonly array: new (length: number) => TypedArray;
  encode(value: Item): Item;
  decode(item: Item): Item;
}

const same = (item: Item) => item;
const numbers = (array: Target["array"]): Target => ({ array, encode: Number, decode: same });
const wide = (array: Target["array"]): Target => ({ array, encode: BigInt, decode: same });

const floats: Readonly<Record<string, Target>> = {
  float16: {
    array: Uint16Array,
    encode: (value) => toBits(Number(value), float16),
    decode: (bits) => fromBits(Number(bits), float16),
  },
  float32: numbers(Float32Array),
  float64: numbers(Float64Array),
};

const integers: Readonly<Record<string, Target>> = {
  int8: numbers(Int8Array),
  int16: numbers(Int16Array),
  int32: numbers(Int32Array),
  int64: wide(BigInt64Array),
  uint8: numbers(Uint8Array),
  uint16: numbers(Uint16Array),
  uint32: numbers(Uint32Array),
  uint64: wide(BigUint64Array),
  bool: numbers(Uint8Array),
};

/** Of a type that samples have: these, or bfloat16. */
const isFloat = (dtype: string) => !(dtype in integers);

/**
 * @param from  type of the samples
 * @param to    type of the model's input
 * @param what  what messages call them
 * @throws      InputError when samples of one type can never be given to an input of the other
 */
export function checkTypes(from: string, to: string, what: string): void {
  if (!(to in floats || to in integers)) {
    throw new InputError(`${what}: expected an input of numbers or booleans, got one of ${to}`);
  }
  if (isFloat(from) && !(to in floats)) {
    throw new InputError(`${what}: expected integers, as the model takes ${to}, got ${from}`);
  }
}

/**
 * Values in the type of a model's input. Floats become the nearest there is; integers have to be there exactly.
 *
 * @param values  finite, of a type that `checkTypes` lets pass
 * @returns       float16 as its bits
 * @throws        InputError for a value that the type does not have
 */
export function convert(values: TypedArray, from: string, to: string, what: string): TypedArray {
  if (from === to && to !== "float16") return values;
  const { array, encode, decode } = floats[to] ?? integers[to];
  const converted = new array(values.length);
  const items: { [index: number]: Item } = converted;
  for (let i = 0; i < values.length; i++) {
    items[i] = encode(values[i]);
    const stored = decode(items[i]);
    const isThere = isFloat(from) ? Number.isFinite(stored) : areEqual(stored, values[i]);
    if (!isThere || (to === "bool" && stored > 1)) {
      throw new InputError(`${what}: expected values that ${to} has, as the model's input is, got ${values[i]}`);
    }
  }
  return converted;
}

/** As numbers, also where one is a bigint. */
function areEqual(a: Item, b: Item): boolean {
  return a <= b && a >= b;
}
