/**
 * Arrays of numbers as people have them. Those of another realm (a frame, jsdom's window, node:vm) are no instances of this
 * one's classes; they are told by what they are, and seen through a class of this realm on the same memory.
 */
import { check } from "../errors.ts";

/** What a value is, for a message. */
export function nameOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? (value.constructor?.name ?? "an object") : `a ${typeof value}`;
}

/** The class of a typed array by its name, "Float32Array" for one, whatever realm made it; null for anything else. */
export function typedArrayName(values: unknown): string | null {
  if (!ArrayBuffer.isView(values)) return null;
  const name = (values as Float32Array)[Symbol.toStringTag] as string;
  return name === "DataView" ? null : name;
}

/**
 * Bytes as this realm's Uint8Array on the same memory.
 *
 * @throws BatchNormError E_VALUE for anything else than a Uint8Array (a Buffer is one) or an ArrayBuffer
 */
export function bytesOf(where: string, data: Uint8Array | ArrayBuffer): Uint8Array {
  if (typedArrayName(data) === "Uint8Array") {
    const { buffer, byteOffset, byteLength } = data as Uint8Array;
    return new Uint8Array(buffer, byteOffset, byteLength);
  }
  check(Object.prototype.toString.call(data) === "[object ArrayBuffer]", "E_VALUE", where, () => {
    return `expected bytes in a Uint8Array or an ArrayBuffer, got ${nameOf(data)}`;
  });
  return new Uint8Array(data as ArrayBuffer);
}

/**
 * Numbers as float32: a Float32Array as it is, not copied; others rounded.
 *
 * @throws BatchNormError E_VALUE for what is no array, or has something else than numbers in it
 */
export function floatsOf(where: string, values: ArrayLike<number> | ArrayLike<bigint>): Float32Array {
  if (values instanceof Float32Array) return values;
  const name = typedArrayName(values);
  if (name === "Float32Array") {
    const { buffer, byteOffset, length } = values as Float32Array;
    return new Float32Array(buffer, byteOffset, length);
  }
  if (name !== null && !name.startsWith("Big")) return new Float32Array(values as ArrayLike<number>);
  checkNumbers(where, values);
  return Float32Array.from(values as ArrayLike<number>, Number);
}

/**
 * @param of  says whose values they are, with a space before it
 * @throws    BatchNormError E_VALUE unless it is an array, with numbers or bigints only
 */
export function checkNumbers(where: string, values: ArrayLike<unknown>, of = ""): void {
  const length: unknown = typeof values === "object" ? values?.length : undefined;
  check(
    Number.isSafeInteger(length),
    "E_VALUE",
    where,
    () => `expected an array of numbers${of}, got ${nameOf(values)}`,
  );
  for (let i = 0; i < values.length; i++) {
    check(typeof values[i] === "number" || typeof values[i] === "bigint", "E_VALUE", where, () => {
      const advice =
        typeof values[i] === "object" ? "; give all values in one flat array, and the shape beside it" : "";
      return `expected numbers${of}, got ${nameOf(values[i])} at index ${i}${advice}`;
    });
  }
}
