import { check } from "../errors.ts";
import { Operation } from "../module/operation.ts";
import { type PoolKind, type PoolShape, pool, poolGrad } from "../ops/pool.ts";
import { checkOptions } from "../options.ts";
import type { Site } from "../plan/site.ts";
import { formatShape, sizeOf } from "../tensor/shape.ts";
import { type Pair, pair, windowedSize } from "./window.ts";

export interface PoolOptions {
  /** Default: the kernel, so that windows do not overlap. */
  stride?: number | Pair;
  /** Around the image; at most half the kernel. Default 0. */
  padding?: number | Pair;
}

/** What of an image is under windows. */
abstract class Windows extends Operation {
  protected abstract readonly kind: PoolKind;

  /** The windows over an image. @throws BatchNormError E_SHAPE when there would be none */
  protected abstract windows(shape: readonly number[]): PoolShape;

  override bind(site: Site): void {
    const { x } = site;
    const y = site.output();
    const shape = this.windows(x.shape);
    pool(site, this.kind, shape, { x: x.at, y: y.at });
    const reads = this.kind === "max" ? [x, y] : [];
    site.backward(reads, (dy) => {
      const dx = site.gradient();
      const values = this.kind === "max" ? { x: x.at, y: y.at } : { x: null, y: null };
      if (dx) poolGrad(site, this.kind, shape, { ...values, dy, dx });
    });
  }
}

/** Takes images [N, H, W, C] and gives one value a window and channel. */
abstract class Pool extends Windows {
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly padding: Pair;
  protected readonly countPadding: boolean = false;

  constructor(kernel: number | Pair, options: PoolOptions = {}) {
    super();
    const where = this.constructor.name;
    checkOptions(where, options, ["stride", "padding"]);
    const { stride, padding = 0 } = options;
    this.kernel = pair(where, "kernel", kernel, 1);
    this.padding = pair(where, "padding", padding, 0);
    this.stride = pair(where, "stride", stride ?? this.kernel, 1);
    check(
      this.padding.every((p, i) => 2 * p <= this.kernel[i]),
      "E_VALUE",
      where,
      () => `expected padding of at most half the kernel ${formatShape(this.kernel)}, got ${formatShape(this.padding)}`,
    );
  }

  override infer(shape: readonly number[]): readonly number[] {
    const { n, oh, ow, channels } = this.windows(shape);
    return [n, oh, ow, channels];
  }

  protected override windows(shape: readonly number[]): PoolShape {
    const where = this.constructor.name;
    const [n, h, w, channels] = checkImages(where, shape);
    const { kernel, stride, padding, countPadding } = this;
    const [oh, ow] = windowedSize(where, [h, w], kernel, stride, padding);
    const sizes = { n, h, w, oh, ow, channels, kh: kernel[0], kw: kernel[1] };
    const [[strideTop, strideLeft], [padTop, padLeft]] = [stride, padding];
    return { ...sizes, strideTop, strideLeft, padTop, padLeft, countPadding: countPadding ? 1 : 0 };
  }
}

/**
 * The largest value of each window; padding never is.
 *
 * @throws BatchNormError E_VALUE for an option that is unknown or outside its range
 */
export class MaxPool2d extends Pool {
  protected override readonly kind = "max";
}

export interface AveragePoolOptions extends PoolOptions {
  /** Whether padding counts as zeros, as in PyTorch; if not, a mean is over the pixels there are. Default true. */
  countPadding?: boolean;
}

/**
 * The mean of each window.
 *
 * @throws BatchNormError E_VALUE for an option that is unknown or outside its range
 */
export class AveragePool2d extends Pool {
  protected override readonly kind = "average";
  protected override readonly countPadding: boolean;

  constructor(kernel: number | Pair, options: AveragePoolOptions = {}) {
    checkOptions("AveragePool2d", options, ["stride", "padding", "countPadding"]);
    const { countPadding = true, ...rest } = options;
    super(kernel, rest);
    this.countPadding = countPadding;
  }
}

/** The mean of each channel of an image: [N, H, W, C] becomes [N, C]. */
export class GlobalAveragePool extends Windows {
  protected override readonly kind = "average";

  override infer(shape: readonly number[]): readonly number[] {
    const { n, channels } = this.windows(shape);
    return [n, channels];
  }

  protected override windows(shape: readonly number[]): PoolShape {
    const [n, h, w, channels] = checkImages("GlobalAveragePool", shape);
    const whole = { strideTop: 1, strideLeft: 1, padTop: 0, padLeft: 0, countPadding: 0 } as const;
    return { n, h, w, oh: 1, ow: 1, channels, kh: h, kw: w, ...whole };
  }
}

function checkImages(where: string, shape: readonly number[]): [number, number, number, number] {
  check(shape.length === 4, "E_SHAPE", where, () => `expected images [N, H, W, C], got shape ${formatShape(shape)}`);
  check(sizeOf(shape) > 0, "E_BATCH", where, () => `expected at least one example, got shape ${formatShape(shape)}`);
  return shape as unknown as [number, number, number, number];
}
