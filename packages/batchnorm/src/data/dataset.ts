import { check } from "../errors.ts";
import { checkOptions } from "../options.ts";
import { nameOf, typedArrayName } from "../tensor/arrays.ts";
import { integersOf, type Labels } from "../tensor/labels.ts";
import { checkShape, formatShape, sizeOf } from "../tensor/shape.ts";

export interface DatasetOptions {
  /** All items one after another. Bytes are multiplied by `scale` when they are used; floats are used as they are. */
  data: Uint8Array | Uint8ClampedArray | Float32Array;
  /** Of one item. */
  shape: readonly number[];
  /** One a piece. Not needed by `predict`. */
  labels?: Labels;
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
 * Examples and their labels, in memory. The values are copied when the data set is first used: where they are changed in
 * place after that, make a new one.
 *
 * @throws BatchNormError E_SHAPE when there are not as many items as labels; E_BATCH when there are none; E_VALUE for
 *         data in another kind of array, an option that is unknown or outside its range, or floats with options that are
 *         for bytes; E_LABEL for a label that is no integer
 */
export class Dataset {
  readonly data: Uint8Array | Float32Array;
  readonly shape: readonly number[];
  /** Null: it was made without, for `predict`. */
  readonly labels: Int32Array | null;
  readonly scale: number;
  readonly mean: ArrayLike<number> | null;
  readonly std: ArrayLike<number> | null;
  readonly augment: Required<Augment> | null;
  readonly #length: number;

  constructor(options: DatasetOptions) {
    checkOptions("Dataset", options, ["data", "shape", "labels", "scale", "mean", "std", "augment"]);
    const { data, shape, labels, scale = 1, mean, std, augment } = options;
    checkShape(shape, "Dataset");
    this.data = bytesOrFloats(data);
    this.shape = Object.freeze([...shape]);
    this.labels = labels ? integersOf("Dataset", labels) : null;
    const size = sizeOf(shape);
    this.#length = this.labels ? this.labels.length : Math.floor(data.length / size);
    check(this.length > 0 && size > 0, "E_BATCH", "Dataset", () => "expected at least one example, got none");
    check(data.length === this.length * size, "E_SHAPE", "Dataset", () => {
      const wanted = `${this.length} items of shape ${formatShape(shape)} (${this.length * size} values)`;
      return `expected ${wanted}${labels ? ", one for each label" : ""}, got ${data.length} values`;
    });
    this.scale = scale;
    this.mean = mean ?? null;
    this.std = std ?? null;
    if (augment) checkOptions("Dataset", augment, ["crop", "flip"]);
    this.augment = augment ? { crop: augment.crop ?? 0, flip: augment.flip ?? false } : null;
    check(Number.isFinite(scale), "E_VALUE", "Dataset", () => `expected a finite number as scale, got ${scale}`);
    this.#checkImages();
  }

  get length(): number {
    return this.#length;
  }

  /** What may be done to the values. */
  #checkImages(): void {
    const { data, shape, scale, mean, std, augment } = this;
    check(data instanceof Uint8Array || !(scale !== 1 || mean || std || augment), "E_VALUE", "Dataset", () => {
      const advice = "floats are used as they are: multiply and shift them yourself";
      return `expected bytes (a Uint8Array) for scale, mean, std or augment; ${advice}`;
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

  /** Examples from one index up to another, sharing the same memory; negative ones count from the end. */
  slice(from: number, to: number = this.length): Dataset {
    check(Number.isInteger(from) && Number.isInteger(to), "E_VALUE", "Dataset.slice", () => {
      return `expected integers, got ${from} and ${to}`;
    });
    const size = sizeOf(this.shape);
    const { shape, labels, scale, mean, std, augment } = this;
    return new Dataset({
      data: this.data.subarray(from * size, to * size),
      shape,
      ...(labels && { labels: labels.subarray(from, to) }),
      scale,
      ...(mean && { mean }),
      ...(std && { std }),
      ...(augment && { augment }),
    });
  }
}

/** The same memory under this realm's classes. */
function bytesOrFloats(data: DatasetOptions["data"]): Dataset["data"] {
  if (data instanceof Uint8Array || data instanceof Float32Array) return data;
  const name = typedArrayName(data);
  const known = name === "Float32Array" || name === "Uint8Array" || name === "Uint8ClampedArray";
  check(known, "E_VALUE", "Dataset", () => {
    return `expected data in a Uint8Array or a Float32Array (Float32Array.from makes one), got ${nameOf(data)}`;
  });
  const { buffer, byteOffset, length } = data;
  return name === "Float32Array"
    ? new Float32Array(buffer, byteOffset, length)
    : new Uint8Array(buffer, byteOffset, length);
}

/** @throws BatchNormError E_LABEL for a data set that was made without */
export function labelsOf(where: string, { labels }: Dataset): Int32Array {
  check(labels !== null, "E_LABEL", where, () => "expected a data set with labels; this one was made without");
  return labels;
}
