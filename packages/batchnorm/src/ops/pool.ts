import type { Arena } from "../engine/arena.ts";
import type { Call, Engine } from "../engine/engine.ts";
import { tasksOf } from "./layout.ts";

export interface PoolShape {
  n: number;
  h: number;
  w: number;
  oh: number;
  ow: number;
  channels: number;
  kh: number;
  kw: number;
  stride: number;
  padding: readonly [number, number];
  /** An average counts padding as zeros. */
  countPadding: boolean;
}

export interface PoolBuffers {
  x: number; // f32 [n, h, w, channels]
  y: number; // f32 [n, oh, ow, channels]
  dy: number; // f32, as y; 0: no backward pass
  dx: number; // f32, as x; 0: not wanted
}

/** The largest value, or the mean, under each window of NHWC tensors. */
export class PoolOp {
  readonly #forward: Call;
  readonly #backward: Call | null;

  constructor(engine: Engine, arena: Arena, kind: "max" | "average", shape: PoolShape, buffers: PoolBuffers) {
    const { padding, countPadding, ...sizes } = shape;
    const { n, oh, ow, kh, kw, channels } = shape;
    const imagesPerTask = Math.ceil(Math.max(32768 / (oh * ow * kh * kw * channels), n / 64));
    const rest = { padTop: padding[0], padLeft: padding[1], countPadding: Number(countPadding), imagesPerTask };
    const tasks = tasksOf(n, imagesPerTask);
    const args = { ...buffers, ...sizes, ...rest };
    this.#forward = engine.call(arena, `${kind}Pool`, args, tasks);
    this.#backward = buffers.dx ? engine.call(arena, `${kind}PoolGrad`, args, tasks) : null;
  }

  forward(): void {
    this.#forward.run();
  }

  backward(): void {
    this.#backward?.run();
  }
}
