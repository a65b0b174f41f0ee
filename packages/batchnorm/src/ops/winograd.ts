/** 3×3 convolutions at stride 1 by Winograd's F(4×4, 3×3): see assembly/winograd.ts. */
import type { Arena } from "../engine/arena.ts";
import type { Call, Engine } from "../engine/engine.ts";
import { biasGradient, type ConvBuffers, type ConvOp, type ConvShape } from "./conv.ts";
import { tasksOf } from "./layout.ts";

/** Floats of a row of the strip that a segment is transformed in: six rows stay in L1. */
const STRIP = 656;
/** Floats left between the 36 planes of weights. */
const GAP = 16;
const LEAST_CHANNELS = 16;
/** More would not fit the scratch memory. */
const MOST_CHANNELS = 256;
/** Multiplications, counted as a direct convolution's, worth a task of their own. */
const GRAIN = 4_000_000;
/** Each part sums in memory of four times the size of the weights. */
const MOST_PARTS = 4;

/** Whether this way takes the shape: the transforms cost more than they save where there are few channels. */
export function winogradTakes({ ci, co, kh, kw, stride, padding, groups }: ConvShape): boolean {
  const channels = [ci, co].every((c) => c >= LEAST_CHANNELS && c <= MOST_CHANNELS && c % 8 === 0);
  return channels && kh === 3 && kw === 3 && stride === 1 && groups === 1 && Math.max(...padding) <= 2;
}

export class WinogradConv implements ConvOp {
  readonly #forward: Call[];
  readonly #backward: Call[] = [];

  constructor(engine: Engine, arena: Arena, shape: ConvShape, buffers: ConvBuffers) {
    const { n, h, w, ci, oh, ow, co, padding } = shape;
    const { x, y, dy, dx, weight, bias, dweight, dbias } = buffers;
    this.#forward = transformed(engine, arena, weight, co, ci, 0, (panels) => {
      const sizes = { n, h, w, ci, oh, ow, co, padTop: padding[0], padLeft: padding[1] };
      const { segmentTiles, segments } = segmentsOf(n, oh, ow, Math.max(ci, co));
      const segmentsPerTask = perTask(segments, segmentTiles, ci * co, 64);
      const args = { x, weight: panels, y, bias, ...sizes, segmentTiles, segmentsPerTask };
      return engine.call(arena, "winograd", args, tasksOf(segments, segmentsPerTask)) as Call;
    });
    if (!dy) return;

    const { segmentTiles, segments } = segmentsOf(n, oh, ow, Math.max(ci, co));
    const segmentsPerTask = perTask(segments, segmentTiles, ci * co, MOST_PARTS);
    const parts = tasksOf(segments, segmentsPerTask);
    const products = arena.floats(parts * 36 * (ci * co + GAP));
    const sums = arena.floats(parts * 9 * ci * co);
    const sizes = { n, h, w, ci, oh, ow, co, padTop: padding[0], padLeft: padding[1] };
    const args = { x, products, dy, sums, ...sizes, segmentTiles, segmentsPerTask };
    const merge = { sums, parts, grad: dweight, groups: 1, co, ci, kh: 3, kw: 3 };
    this.#backward.push(engine.call(arena, "winogradGradWeight", args, parts) as Call);
    this.#backward.push(engine.call(arena, "convGradMerge", merge, 9) as Call);
    if (dbias) this.#backward.push(biasGradient(engine, arena, shape, dy, dbias));
    if (!dx) return;

    const back = transformed(engine, arena, weight, co, ci, 1, (panels) => {
      const pads = { padTop: 2 - padding[0], padLeft: 2 - padding[1] };
      const { segmentTiles, segments } = segmentsOf(n, h, w, Math.max(ci, co));
      const segmentsPerTask = perTask(segments, segmentTiles, ci * co, 64);
      const turned = { n, h: oh, w: ow, ci: co, oh: h, ow: w, co: ci, ...pads };
      const args = { x: dy, weight: panels, y: dx, bias: 0, ...turned, segmentTiles, segmentsPerTask };
      return engine.call(arena, "winograd", args, tasksOf(segments, segmentsPerTask)) as Call;
    });
    this.#backward.push(...back);
  }

  forward(): void {
    for (const call of this.#forward) call.run();
  }

  backward(): void {
    for (const call of this.#backward) call.run();
  }
}

/** The transform of the weights, then what uses them. */
function transformed(
  engine: Engine,
  arena: Arena,
  weight: number,
  co: number,
  ci: number,
  turn: 0 | 1,
  use: (panels: number) => Call,
): Call[] {
  const panels = arena.floats(36 * (ci * co + GAP));
  const weights = engine.call(arena, "winogradWeights", { weight, panels, co, ci, turn }, turn ? ci : co) as Call;
  return [weights, use(panels)];
}

/** Rows of tiles are cut into segments that fit the strip. */
function segmentsOf(n: number, oh: number, ow: number, channels: number): { segmentTiles: number; segments: number } {
  const perRow = Math.ceil(ow / 4);
  const segmentTiles = Math.max(1, Math.min(perRow, Math.floor((STRIP / channels - 2) / 4)));
  return { segmentTiles, segments: n * Math.ceil(oh / 4) * Math.ceil(perRow / segmentTiles) };
}

function perTask(segments: number, segmentTiles: number, channels: number, most: number): number {
  return Math.ceil(Math.max(GRAIN / (segmentTiles * 144 * channels), segments / most, 1));
}
