import type { TypedArray } from "batchnorm-onnx";
import { InputError } from "../errors.ts";

/** Samples for one input of a model, read a few at a time. */
export interface Samples {
  /** The name of the array they come from; null where the source has none: an .npy file, images. */
  readonly name: string | null;
  /** What to call it in messages: the path, and the array's name. */
  readonly source: string;
  readonly count: number;
  /** Shape of one sample. */
  readonly shape: readonly number[];
  /** As onnxruntime calls it; values of float16 and bfloat16 come as numbers in a Float32Array, bool as 0 and 1. */
  readonly dtype: string;
  /**
   * Samples from, up to and without to, row-major: (to - from) * product(shape) values, not to be written to.
   *
   * @throws InputError when they cannot be read, or a value is not finite
   */
  read(from: number, to: number): Promise<TypedArray>;
}

/** An array of which each index along the first axis is a sample. */
export interface SampleArray {
  readonly name: string | null;
  readonly source: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  /** All values, row-major. */
  load(): Promise<TypedArray>;
}

/** @throws InputError for a scalar, and for an array without values */
export function samplesAlong({ name, source, shape, dtype, load }: SampleArray): Samples {
  if (shape.length === 0) {
    throw new InputError(`${source}: expected an array whose first axis is that of samples, got a single number`);
  }
  if (shape.includes(0)) {
    throw new InputError(`${source}: expected samples, got an array of shape [${shape.join(", ")}] without values`);
  }
  const [count, ...rest] = shape;
  const size = product(rest);
  return {
    name,
    source,
    count,
    shape: rest,
    dtype,
    async read(from, to) {
      const values = (await load()).subarray(from * size, to * size);
      requireFinite(values, source, from, size);
      return values;
    },
  };
}

export function product(shape: readonly number[]): number {
  return shape.reduce((total, size) => total * size, 1);
}

function requireFinite(values: TypedArray, source: string, first: number, size: number): void {
  if (!(values instanceof Float32Array || values instanceof Float64Array)) return;
  const at = values.findIndex((value) => !Number.isFinite(value));
  if (at < 0) return;
  const sample = first + Math.floor(at / size);
  throw new InputError(`${source}: expected values that are finite, got ${values[at]} in sample ${sample}`);
}
