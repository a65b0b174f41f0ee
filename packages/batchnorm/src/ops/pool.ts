import type { Place } from "../device/device.ts";
import { tasksOf } from "../kernels/tasks.ts";
import type { Emitter } from "../plan/site.ts";

export type PoolKind = "max" | "average";

export interface PoolShape {
  n: number;
  h: number;
  w: number;
  oh: number;
  ow: number;
  channels: number;
  kh: number;
  kw: number;
  strideTop: number;
  strideLeft: number;
  padTop: number;
  padLeft: number;
  /** 1: an average counts padding as zeros. */
  countPadding: 0 | 1;
}

/** The largest value, or the mean, under each window of NHWC tensors: x f32 [n, h, w, channels], y [n, oh, ow, channels]. */
export function pool(emitter: Emitter, kind: PoolKind, shape: PoolShape, { x, y }: { x: Place; y: Place }): void {
  add(emitter, `${kind}Pool`, shape, { x, y, dy: null, dx: null });
}

/** dx, like x, of dy, like y. */
export function poolGrad(
  emitter: Emitter,
  kind: PoolKind,
  shape: PoolShape,
  places: { x: Place | null; y: Place | null; dy: Place; dx: Place },
): void {
  add(emitter, `${kind}PoolGrad`, shape, places);
}

function add(
  emitter: Emitter,
  kernel: `${PoolKind}Pool${"" | "Grad"}`,
  shape: PoolShape,
  places: { x: Place | null; y: Place | null; dy: Place | null; dx: Place | null },
): void {
  const { n, oh, ow, kh, kw, channels } = shape;
  const imagesPerTask = Math.ceil(Math.max(32768 / (oh * ow * kh * kw * channels), n / 64));
  emitter.command(kernel, { ...places, ...shape, imagesPerTask }, tasksOf(n, imagesPerTask));
}
