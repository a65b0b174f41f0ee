import { check } from "../errors.ts";
import { checkOptions } from "../options.ts";
import { defaultRandom, Random } from "./random.ts";
import { checkShape, formatShape, sizeOf } from "./shape.ts";

/** A shape and its values in row-major order. The values are an ordinary array: nothing is to be disposed of. */
export class Tensor {
  readonly shape: readonly number[];
  readonly #data: Float32Array;

  /** @throws BatchNormError E_SHAPE when the data are not as many as the shape says */
  constructor(data: Float32Array, shape: readonly number[]) {
    checkShape(shape, "Tensor");
    check(data.length === sizeOf(shape), "E_SHAPE", "Tensor", () => {
      return `expected ${sizeOf(shape)} values for shape ${formatShape(shape)}, got ${data.length}`;
    });
    this.shape = Object.freeze([...shape]);
    this.#data = data;
  }

  get data(): Float32Array {
    return this.#data;
  }

  get size(): number {
    return sizeOf(this.shape);
  }
}

/**
 * A tensor of the given values. A Float32Array is used as it is, not copied; other arrays are rounded to float32.
 *
 * @throws BatchNormError E_SHAPE when the values are not as many as the shape says
 */
export function tensor(data: ArrayLike<number>, shape: readonly number[]): Tensor {
  return new Tensor(data instanceof Float32Array ? data : Float32Array.from(data), shape);
}

/** @throws BatchNormError E_SHAPE for anything but a Tensor, such as a plain array */
export function checkTensor(where: string, x: unknown): asserts x is Tensor {
  check(x instanceof Tensor, "E_SHAPE", where, () => {
    const got = x === null ? "null" : Array.isArray(x) ? "an array" : typeof x;
    return `expected a Tensor (see tensor(data, shape)), got ${got}`;
  });
}

export function zeros(shape: readonly number[]): Tensor {
  checkShape(shape, "zeros");
  return new Tensor(new Float32Array(sizeOf(shape)), shape);
}

export function ones(shape: readonly number[]): Tensor {
  checkShape(shape, "ones");
  return new Tensor(new Float32Array(sizeOf(shape)).fill(1), shape);
}

export interface RandnOptions {
  /** Makes the values a function of the seed alone. By default they come from one generator for the whole program. */
  seed?: number;
  mean?: number;
  std?: number;
}

/**
 * Normally distributed values; the same on every machine for the same seed.
 *
 * @throws BatchNormError E_SHAPE for a shape that is none; E_VALUE for an option that is unknown or outside its range
 */
export function randn(shape: readonly number[], options: RandnOptions = {}): Tensor {
  checkShape(shape, "randn");
  checkOptions("randn", options, ["seed", "mean", "std"]);
  const { seed, mean = 0, std = 1 } = options;
  check(Number.isFinite(mean), "E_VALUE", "randn", () => `expected a finite mean, got ${mean}`);
  check(std >= 0 && std < Number.POSITIVE_INFINITY, "E_VALUE", "randn", () => {
    return `expected a standard deviation of at least 0, got ${std}`;
  });
  const random = seed === undefined ? defaultRandom : new Random(seed);
  const data = new Float32Array(sizeOf(shape));
  for (let i = 0; i < data.length; i++) data[i] = mean + std * random.normal();
  return new Tensor(data, shape);
}
