/** Seeded values for tests, the same on every run, and what compares them. */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { Random } from "batchnorm";

/** Drawn once: tests want many arrays, and logarithms take time. A prime number of them. */
const POOL = 131071;
let pool: Float64Array | null = null;

/** Normally distributed; each seed begins somewhere else in the same long row of values. */
export function normals(seed: number, count: number, mean = 0, std = 1): Float32Array {
  if (!pool) {
    const random = new Random(1);
    pool = Float64Array.from({ length: POOL }, () => random.normal());
  }
  const values = new Float32Array(count);
  let at = (seed * 7919) % POOL;
  for (let i = 0; i < count; i++) {
    values[i] = mean + std * pool[at];
    if (++at === POOL) at = 0;
  }
  return values;
}

export function uniforms(seed: number, count: number, from = 0, to = 1): Float32Array {
  const random = new Random(seed);
  return new Float32Array(count).map(() => from + (to - from) * random.uniform());
}

export function integers(seed: number, count: number, below: number): Int32Array {
  const random = new Random(seed);
  return new Int32Array(count).map(() => random.integer(below));
}

/** The bytes of an array: equal exactly where the bits are. */
export function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** Whether two arrays are the same, bit for bit. */
export function sameBytes(a: ArrayBufferView, b: ArrayBufferView): boolean {
  const [left, right] = [bytesOf(a), bytesOf(b)];
  if (left.length !== right.length) return false;
  for (let i = 0; i < left.length; i++) if (left[i] !== right[i]) return false;
  return true;
}

/** Equal where the bytes are; short, so that a difference is told at once. */
export function digest(bytes: ArrayBufferView): string {
  return bytesToHex(sha256(bytesOf(bytes)));
}

export function largest(values: ArrayLike<number>): number {
  let most = 0;
  for (let i = 0; i < values.length; i++) most = Math.max(most, Math.abs(values[i]));
  return most;
}

export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new Error(`${a.length} values against ${b.length}`);
  let most = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i] - b[i]);
    if (Number.isNaN(difference)) return Number.NaN;
    most = Math.max(most, difference);
  }
  return most;
}
