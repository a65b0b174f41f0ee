/**
 * Convolution of NHWC tensors: y = x ∗ W + b, with W [co, ci / groups, kh, kw] as PyTorch keeps it.
 * Backward: dx is the convolution of dy by W turned and transposed, dW the sum over pixels of x under the kernel times dy,
 * db = Σ dy.
 */
import type { Arena } from "../engine/arena.ts";
import type { Call, Engine } from "../engine/engine.ts";
import { tasksOf } from "./layout.ts";

/** Sizes of a convolution; channels are of all groups together. */
export interface ConvShape {
  n: number;
  h: number;
  w: number;
  ci: number;
  oh: number;
  ow: number;
  co: number;
  kh: number;
  kw: number;
  stride: number;
  padding: readonly [number, number];
  groups: number;
}

export interface ConvBuffers {
  x: number; // f32 [n, h, w, ci]
  y: number; // f32 [n, oh, ow, co]
  dy: number; // f32, as y; 0: no backward pass
  dx: number; // f32, as x; 0: not wanted
  weight: number; // f32 [co, ci / groups, kh, kw]
  bias: number; // f32 [co], or 0
  dweight: number; // f32, as weight
  dbias: number; // f32 [co], or 0
}

/** Floats of scratch that laid-out rows may take: see assembly/conv.ts. */
const ROOM = 24_000;
/** Multiplications worth a task of their own. */
const GRAIN = 2_000_000;
/** Partial sums of the gradient of the weights: few, for they are as large as the weights. */
const MOST_PARTS = 8;

/** A convolution bound to its buffers, by whatever algorithm. */
export interface ConvOp {
  forward(): void;
  backward(): void;
}

/** The way that takes every shape. */
export class DirectConv implements ConvOp {
  readonly #forward: Call[] = [];
  readonly #backward: Call[] = [];

  constructor(engine: Engine, arena: Arena, shape: ConvShape, buffers: ConvBuffers) {
    const { n, h, w, oh, ow, kh, kw, stride, padding, groups } = shape;
    const { x, y, dy, dx, weight, bias, dweight, dbias } = buffers;
    const co = shape.co / groups;
    const ci = shape.ci / groups;
    const kernel = { groups, co, ci, kh, kw };
    const add = (list: Call[], call: unknown) => list.push(call as Call);

    const pack = (turn: 0 | 1) => {
      const [across, deep] = turn ? [ci, co] : [co, ci];
      const tasks = groups * Math.ceil(across / 8);
      const panels = arena.floats(tasks * 8 * kh * kw * deep);
      return { panels, call: engine.call(arena, "packConv", { weight, panels, ...kernel, turn }, tasks) };
    };

    const forward = { n, h, w, ci, oh, ow, co, groups, kh, kw, stride, spread: 1 };
    const geometry = {
      ...forward,
      padTop: padding[0],
      padLeft: padding[1],
      columns: columnsOf(ow, stride, kh, kw, ci),
    };
    const work = ow * groups * co * ci * kh * kw;
    const packed = pack(0);
    add(this.#forward, packed.call);
    const perTask = rowsPerTask(n * oh, work, 64);
    const args = { x, weight: packed.panels, bias, y, ...geometry, rowsPerTask: perTask };
    add(this.#forward, engine.call(arena, "conv", args, tasksOf(n * oh, perTask)));
    if (!dy) return;

    const partRows = rowsPerTask(n * oh, work, MOST_PARTS);
    const parts = tasksOf(n * oh, partRows);
    const sums = arena.floats(parts * groups * kh * kw * ci * co);
    const sum = { x, weight: sums, bias: 0, y: dy, ...geometry, rowsPerTask: partRows };
    add(this.#backward, engine.call(arena, "convGradWeight", sum, parts));
    add(
      this.#backward,
      engine.call(arena, "convGradMerge", { sums, parts, grad: dweight, ...kernel }, groups * kh * kw),
    );
    if (dbias) {
      const each = Math.max(4, Math.ceil(32768 / (n * oh * ow) / 4) * 4);
      const rows = { x: dy, rows: n * oh * ow, channels: shape.co, channelsPerTask: each, sum: dbias };
      add(this.#backward, engine.call(arena, "sumRows", rows, tasksOf(shape.co, each)));
    }
    if (!dx) return;
    const turned = pack(1);
    add(this.#backward, turned.call);
    const back = { n, h: oh, w: ow, ci: co, oh: h, ow: w, co: ci, groups, kh, kw, stride: 1, spread: stride };
    const pads = { padTop: kh - 1 - padding[0], padLeft: kw - 1 - padding[1], columns: columnsOf(w, 1, kh, kw, co) };
    const inputRows = rowsPerTask(n * h, w * groups * co * ci * kh * kw, 64);
    const grad = { x: dy, weight: turned.panels, bias: 0, y: dx, ...back, ...pads, rowsPerTask: inputRows };
    add(this.#backward, engine.call(arena, "conv", grad, tasksOf(n * h, inputRows)));
  }

  forward(): void {
    for (const call of this.#forward) call.run();
  }

  backward(): void {
    for (const call of this.#backward) call.run();
  }
}

function rowsPerTask(rows: number, work: number, most: number): number {
  return Math.ceil(Math.max(GRAIN / work, rows / most, 1));
}

/** As many output pixels side by side as there are or as scratch has room for, a multiple of 4. */
function columnsOf(pixels: number, stride: number, kh: number, kw: number, ci: number): number {
  const fitting = Math.floor((ROOM / (kh * ci) - kw) / stride) + 1;
  return Math.max(4, Math.min(Math.ceil(pixels / 4), Math.floor(fitting / 4)) * 4);
}

/** Whether scratch has room for the rows under four pixels. */
export function convFits(kh: number, kw: number, ci: number, stride: number): boolean {
  return kh * (3 * stride + kw) * ci <= ROOM;
}
