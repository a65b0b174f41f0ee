import { check } from "../errors.ts";
import { checkShape, formatShape, sizeOf } from "../tensor/shape.ts";

export interface DatasetOptions {
  /** All items one after another. Bytes are multiplied by `scale` when they are used; floats are used as they are. */
  data: Uint8Array | Float32Array;
  /** Of one item. */
  shape: readonly number[];
  /** One a piece. */
  labels: ArrayLike<number>;
  /** Of bytes. Default 1; 1/255 for pixels on [0, 1]. */
  scale?: number;
}

/**
 * Examples and their labels, in memory.
 *
 * @throws BatchNormError E_SHAPE when there are not as many items as labels; E_BATCH when there are none; E_VALUE for
 *         data in another kind of array; E_LABEL for a label that is no integer
 */
export class Dataset {
  readonly data: Uint8Array | Float32Array;
  readonly shape: readonly number[];
  readonly labels: Int32Array;
  readonly scale: number;

  constructor({ data, shape, labels, scale = 1 }: DatasetOptions) {
    checkShape(shape, "Dataset");
    check(data instanceof Uint8Array || data instanceof Float32Array, "E_VALUE", "Dataset", () => {
      return `expected data in a Uint8Array or a Float32Array, got ${(data as object)?.constructor?.name}`;
    });
    const size = sizeOf(shape);
    check(labels.length > 0 && size > 0, "E_BATCH", "Dataset", () => "expected at least one example, got none");
    check(data.length === labels.length * size, "E_SHAPE", "Dataset", () => {
      const wanted = `${labels.length} items of shape ${formatShape(shape)} (${labels.length * size} values)`;
      return `expected ${wanted}, one for each label, got ${data.length} values`;
    });
    this.data = data;
    this.shape = shape;
    this.labels = labels instanceof Int32Array ? labels : Int32Array.from(labels);
    for (let i = 0; i < labels.length; i++) {
      check(this.labels[i] === labels[i], "E_LABEL", "Dataset", () => {
        return `expected integers as labels, got ${labels[i]} at example ${i}`;
      });
    }
    this.scale = scale;
  }

  get length(): number {
    return this.labels.length;
  }

  /** Examples from one index up to another, sharing the same memory. */
  slice(from: number, to: number = this.length): Dataset {
    const size = sizeOf(this.shape);
    const { shape, scale } = this;
    return new Dataset({
      data: this.data.subarray(from * size, to * size),
      shape,
      labels: this.labels.subarray(from, to),
      scale,
    });
  }
}
