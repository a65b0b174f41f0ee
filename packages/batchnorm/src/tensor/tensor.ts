import "../platform.ts";
import { check } from "../errors.ts";
import { checkOptions } from "../options.ts";
import { floatsOf, nameOf } from "./arrays.ts";
import { printed } from "./print.ts";
import { defaultRandom, Random } from "./random.ts";
import { checkShape, formatShape, sizeOf } from "./shape.ts";

/** Asked by Node's console what an object is to look like. */
const inspect = Symbol.for("nodejs.util.inspect.custom");

/**
 * A shape and its values in row-major order. The values are an ordinary array: nothing is to be disposed of.
 *
 *   console.log(tensor([1, 2, 3, 4], [2, 2]));
 *   // Tensor [2, 2]
 *   // [[1, 2],
 *   //  [3, 4]]
 */
export class Tensor {
  readonly shape: readonly number[];
  readonly #data: Float32Array;

  /**
   * @param data  one flat array. A Float32Array is used as it is, not copied; numbers in other arrays are rounded to float32
   * @throws      BatchNormError E_SHAPE when the data are not as many as the shape says; E_VALUE for what is no flat array of
   *              numbers
   */
  constructor(data: ArrayLike<number> | ArrayLike<bigint>, shape: readonly number[]) {
    checkShape(shape, "Tensor");
    const values = floatsOf("Tensor", data);
    check(values.length === sizeOf(shape), "E_SHAPE", "Tensor", () => {
      return `expected ${sizeOf(shape)} values for shape ${formatShape(shape)}, got ${values.length}`;
    });
    this.shape = Object.freeze([...shape]);
    this.#data = values;
  }

  get data(): Float32Array {
    return this.#data;
  }

  get size(): number {
    return sizeOf(this.shape);
  }

  /** Class, shape and values; of many values those at the ends of each axis. */
  toString(): string {
    return `${this.constructor.name} ${formatShape(this.shape)}\n${printed(this.shape, this.data)}`;
  }

  [inspect](): string {
    return this.toString();
  }

  /** What `JSON.stringify` writes. JSON has no NaN and no infinities: they become null. */
  toJSON(): { shape: number[]; data: number[] } {
    return { shape: [...this.shape], data: Array.from(this.data) };
  }
}

/** A tensor of the given values: `new Tensor(data, shape)`. */
export function tensor(data: ArrayLike<number> | ArrayLike<bigint>, shape: readonly number[]): Tensor {
  return new Tensor(data, shape);
}

/** @throws BatchNormError E_SHAPE for anything but a Tensor, such as a plain array */
export function checkTensor(where: string, x: unknown): asserts x is Tensor {
  check(x instanceof Tensor, "E_SHAPE", where, () => {
    return `expected a Tensor (see tensor(data, shape)), got ${nameOf(x)}`;
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
