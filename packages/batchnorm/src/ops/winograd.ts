/** 3×3 convolutions at stride 1 by Winograd's F(4×4, 3×3): see assembly/winograd.ts. */
import type { Arena } from "../engine/arena.ts";
import type { Call, Engine } from "../engine/engine.ts";
import { limits } from "../kernels/contract.ts";
import { columnSumsCall } from "./combine.ts";
import { type ConvBuffers, type ConvOp, type ConvShape, floorOf } from "./conv.ts";
import { tasksOf } from "./layout.ts";

const { winogradChannels, winogradGap, winogradSegment } = limits;
const LEAST_CHANNELS = 16;
/** Multiplications, counted as a direct convolution's, worth a task of their own. */
const GRAIN = 4_000_000;
/** Each part sums in memory of four times the size of the weights. */
const MOST_PARTS = 4;

/** Whether this way takes the shape: the transforms cost more than they save where there are few channels. */
export function winogradTakes({ ci, co, kh, kw, stride, padding, groups }: ConvShape, panel: number): boolean {
  const channels = [ci, co].every((c) => c >= LEAST_CHANNELS && c <= winogradChannels && c % panel === 0);
  return channels && kh === 3 && kw === 3 && stride === 1 && groups === 1 && Math.max(...padding) <= 2;
}

export class WinogradConv implements ConvOp {
  readonly #prepare: Call;
  readonly #forward: Call;
  readonly #backward: Call[] = [];

  /** @param relu  y = max(x ∗ W + b, 0); there is no backward pass then */
  constructor(engine: Engine, arena: Arena, shape: ConvShape, buffers: ConvBuffers, relu: boolean) {
    const { n, h, w, ci, oh, ow, co, padding } = shape;
    const { x, y, dy, dx, weight, bias, dweight, dbias } = buffers;
    const room = () => arena.floats(36 * (ci * co + winogradGap));
    const call = (...args: Parameters<typeof engine.call>) => engine.call(...args) as Call;
    const sizes = { n, h, w, ci, oh, ow, co, padTop: padding[0], padLeft: padding[1] };
    const { segmentTiles, segments } = segmentsOf(n, oh, ow, Math.max(ci, co));

    const panels = room();
    const segmentsPerTask = perTask(segments, segmentTiles, ci * co, 64);
    const args = { x, weight: panels, y, bias, ...sizes, segmentTiles, segmentsPerTask, floor: floorOf(relu) };
    this.#prepare = call(arena, "winogradWeights", { weight, panels, co, ci, turn: 0 }, co / 4);
    this.#forward = call(arena, "winograd", args, tasksOf(segments, segmentsPerTask));
    if (!dy) return;

    const perPart = perTask(segments, segmentTiles, ci * co, MOST_PARTS);
    const parts = tasksOf(segments, perPart);
    const products = arena.floats(parts * 36 * (ci * co + winogradGap));
    const sums = arena.floats(parts * 9 * ci * co);
    const grad = { x, products, dy, sums, ...sizes, segmentTiles, segmentsPerTask: perPart };
    const merge = { sums, parts, grad: dweight, groups: 1, co, ci, kh: 3, kw: 3 };
    this.#backward.push(call(arena, "winogradGradWeight", grad, parts));
    this.#backward.push(call(arena, "convGradMerge", merge, co / 4));
    if (dbias) this.#backward.push(columnSumsCall(engine, arena, dy, n * oh * ow, co, dbias));
    if (!dx) return;

    const turned = { n, h: oh, w: ow, ci: co, oh: h, ow: w, co: ci, padTop: 2 - padding[0], padLeft: 2 - padding[1] };
    const back = segmentsOf(n, h, w, Math.max(ci, co));
    const perBack = perTask(back.segments, back.segmentTiles, ci * co, 64);
    const cut = { segmentTiles: back.segmentTiles, segmentsPerTask: perBack };
    const turnedPanels = room();
    const input = { x: dy, weight: turnedPanels, y: dx, bias: 0, ...turned, ...cut, floor: floorOf(false) };
    this.#backward.push(call(arena, "winogradWeights", { weight, panels: turnedPanels, co, ci, turn: 1 }, ci / 4));
    this.#backward.push(call(arena, "winograd", input, tasksOf(back.segments, perBack)));
  }

  prepare(): void {
    this.#prepare.run();
  }

  forward(): void {
    this.#forward.run();
  }

  backward(): void {
    for (const call of this.#backward) call.run();
  }
}

/** Rows of tiles are cut into segments that fit the strip. */
function segmentsOf(n: number, oh: number, ow: number, channels: number): { segmentTiles: number; segments: number } {
  const perRow = Math.ceil(ow / 4);
  const segmentTiles = Math.max(1, Math.min(perRow, Math.floor((winogradSegment / channels - 2) / 4)));
  return { segmentTiles, segments: n * Math.ceil(oh / 4) * Math.ceil(perRow / segmentTiles) };
}

function perTask(segments: number, segmentTiles: number, channels: number, most: number): number {
  return Math.ceil(Math.max(GRAIN / (segmentTiles * 144 * channels), segments / most, 1));
}
