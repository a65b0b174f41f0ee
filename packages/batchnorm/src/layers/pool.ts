import { check } from "../errors.ts";
import { PoolOp } from "../ops/pool.ts";
import { formatShape } from "../tensor/shape.ts";
import { Layer } from "./layer.ts";
import type { Plan, Value } from "./plan.ts";
import { type Pair, pair, windowedSize } from "./window.ts";

export interface PoolOptions {
  /** Default: the kernel's rows, so that windows do not overlap. */
  stride?: number;
  /** Around the image; at most half the kernel. Default 0. */
  padding?: number | Pair;
}

/** Takes images [N, H, W, C] and gives one value a window and channel. */
abstract class Pool extends Layer {
  readonly kernel: Pair;
  readonly stride: number;
  readonly padding: Pair;
  protected abstract readonly kind: "max" | "average";
  protected readonly countPadding: boolean = false;

  constructor(kernel: number | Pair, { stride, padding = 0 }: PoolOptions = {}) {
    super();
    const where = this.constructor.name;
    this.kernel = pair(where, "kernel", kernel, 1);
    this.padding = pair(where, "padding", padding, 0);
    this.stride = stride ?? this.kernel[0];
    check(Number.isInteger(this.stride) && this.stride > 0, "E_VALUE", where, () => {
      return `expected a positive integer as stride, got ${stride}`;
    });
    check(
      this.padding.every((p, i) => 2 * p <= this.kernel[i]),
      "E_VALUE",
      where,
      () => `expected padding of at most half the kernel ${formatShape(this.kernel)}, got ${formatShape(this.padding)}`,
    );
  }

  protected override bind(plan: Plan, x: Value): Value {
    const where = this.constructor.name;
    const { kernel, stride, padding, countPadding } = this;
    const [n, h, w, channels] = checkImages(where, x);
    const [oh, ow] = windowedSize(where, [h, w], kernel, stride, padding);
    const y = plan.value([n, oh, ow, channels]);
    const shape = { n, h, w, oh, ow, channels, kh: kernel[0], kw: kernel[1], stride, padding, countPadding };
    const buffers = { x: x.at, y: y.at, dy: y.grad, dx: x.grad };
    const op = new PoolOp(plan.engine, plan.arena, this.kind, shape, buffers);
    plan.add(
      () => op.forward(),
      () => op.backward(),
    );
    return y;
  }
}

/** The largest value of each window; padding never is. */
export class MaxPool2d extends Pool {
  protected override readonly kind = "max";
}

export interface AveragePoolOptions extends PoolOptions {
  /** Whether padding counts as zeros, as in PyTorch; if not, a mean is over the pixels there are. Default true. */
  countPadding?: boolean;
}

/** The mean of each window. */
export class AveragePool2d extends Pool {
  protected override readonly kind = "average";
  protected override readonly countPadding: boolean;

  constructor(kernel: number | Pair, { countPadding = true, ...options }: AveragePoolOptions = {}) {
    super(kernel, options);
    this.countPadding = countPadding;
  }
}

/** The mean of each channel of an image: [N, H, W, C] becomes [N, C]. */
export class GlobalAveragePool extends Layer {
  protected override bind(plan: Plan, x: Value): Value {
    const [n, h, w, channels] = checkImages("GlobalAveragePool", x);
    const y = plan.value([n, channels]);
    const whole = { kh: h, kw: w, stride: 1, padding: [0, 0] as const, countPadding: false };
    const shape = { n, h, w, oh: 1, ow: 1, channels, ...whole };
    const op = new PoolOp(plan.engine, plan.arena, "average", shape, { x: x.at, y: y.at, dy: y.grad, dx: x.grad });
    plan.add(
      () => op.forward(),
      () => op.backward(),
    );
    return y;
  }
}

function checkImages(where: string, { shape, size }: Value): [number, number, number, number] {
  check(shape.length === 4, "E_SHAPE", where, () => `expected images [N, H, W, C], got shape ${formatShape(shape)}`);
  check(size > 0, "E_BATCH", where, () => `expected at least one example, got shape ${formatShape(shape)}`);
  return shape as unknown as [number, number, number, number];
}
