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
  /** Of the last axis, after `scale`: bytes are used as (byte · scale − mean) / std. Default 0. */
  mean?: ArrayLike<number>;
  /** See `mean`. Default 1. */
  std?: ArrayLike<number>;
  /** How `fit` changes images [H, W, C] of bytes, each time it takes one. Default: not at all. */
  augment?: Augment;
}

/** What is done to an image that is trained on. Evaluation sees it as it is. */
export interface Augment {
  /** Moved by at most so many pixels along each axis; what comes in from outside is 0, the mean. Default 0. */
  crop?: number;
  /** Every other one is mirrored, left for right. Default false. */
  flip?: boolean;
}

/**
 * Examples and their labels, in memory.
 *
 * @throws BatchNormError E_SHAPE when there are not as many items as labels; E_BATCH when there are none; E_VALUE for
 *         data in another kind of array, a `std` that is not positive, or floats with options that are for bytes;
 *         E_LABEL for a label that is no integer
 */
export class Dataset {
  readonly data: Uint8Array | Float32Array;
  readonly shape: readonly number[];
  readonly labels: Int32Array;
  readonly scale: number;
  readonly mean: ArrayLike<number> | null;
  readonly std: ArrayLike<number> | null;
  readonly augment: Required<Augment> | null;

  constructor({ data, shape, labels, scale = 1, mean, std, augment }: DatasetOptions) {
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
    this.mean = mean ?? null;
    this.std = std ?? null;
    this.augment = augment ? { crop: augment.crop ?? 0, flip: augment.flip ?? false } : null;
    this.#checkImages();
  }

  /** Options that say more of the values than their scale. */
  #checkImages(): void {
    const { data, shape, mean, std, augment } = this;
    check(data instanceof Uint8Array || !(mean || std || augment), "E_VALUE", "Dataset", () => {
      return "expected bytes (a Uint8Array) for mean, std or augment; prepare floats yourself, they are used as they are";
    });
    const channels = shape[shape.length - 1];
    for (const [name, values] of Object.entries({ mean, std })) {
      check(!values || values.length === channels, "E_SHAPE", "Dataset", () => {
        return `expected ${channels} values as ${name}, one for each place of the last axis, got ${values?.length}`;
      });
      const wrong = Array.from(values ?? []).find((v) => !Number.isFinite(v) || (name === "std" && v <= 0));
      check(wrong === undefined, "E_VALUE", "Dataset", () => {
        return `expected ${name === "std" ? "positive" : "finite"} numbers as ${name}, got ${wrong}`;
      });
    }
    if (!augment) return;
    const { crop } = augment;
    check(shape.length === 3, "E_SHAPE", "Dataset", () => {
      return `expected images [H, W, C] to augment, got items of shape ${formatShape(shape)}`;
    });
    check(Number.isInteger(crop) && crop >= 0 && crop < Math.min(shape[0], shape[1]), "E_VALUE", "Dataset", () => {
      return `expected augment.crop from 0 to less than the image's ${formatShape(shape)}, got ${crop}`;
    });
  }

  get length(): number {
    return this.labels.length;
  }

  /** Examples from one index up to another, sharing the same memory. */
  slice(from: number, to: number = this.length): Dataset {
    const size = sizeOf(this.shape);
    const { shape, scale, mean, std, augment } = this;
    return new Dataset({
      data: this.data.subarray(from * size, to * size),
      shape,
      labels: this.labels.subarray(from, to),
      scale,
      ...(mean && { mean }),
      ...(std && { std }),
      ...(augment && { augment }),
    });
  }
}
