/**
 * Convolution of NHWC tensors: y = x ∗ W + b, with W [co, ci / groups, kh, kw] as PyTorch keeps it.
 * Backward: dx is the convolution of dy by W turned and transposed, dW the sum over pixels of x under the kernel times dy,
 * db = Σ dy.
 */
import type { Arena } from "../engine/arena.ts";
import type { Call, Engine } from "../engine/engine.ts";
import { limits, limitsOf } from "../kernels/contract.ts";
import { columnSumsCall } from "./combine.ts";
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

const { blockRows, convFloats } = limits;
/** Multiplications worth a task of their own. */
const GRAIN = 2_000_000;
/** Output rows laid out together, and more of short ones: what is read from L2 for each band is used for so many pixels. */
const BAND = 4;
const BAND_PIXELS = 64;
/** Partial sums of the gradient of the weights: few, for they are as large as the weights. */
const MOST_PARTS = 8;

/** A convolution bound to its buffers, by whatever algorithm. */
export interface ConvOp {
  /** Lays out the weights for `forward`: to be called when they have changed. */
  prepare(): void;
  forward(): void;
  backward(): void;
}

/** What is below becomes it. */
export const floorOf = (relu: boolean): number => (relu ? 0 : Number.NEGATIVE_INFINITY);

/** The way that takes every shape. */
export class DirectConv implements ConvOp {
  readonly #prepare: Call;
  readonly #forward: Call;
  readonly #backward: Call[] = [];

  /** @param relu  y = max(x ∗ W + b, 0); there is no backward pass then */
  constructor(engine: Engine, arena: Arena, shape: ConvShape, buffers: ConvBuffers, relu: boolean) {
    const { n, h, w, oh, ow, kh, kw, stride, padding, groups } = inOneRow(shape);
    const { x, y, dy, dx, weight, bias, dweight, dbias } = buffers;
    const co = shape.co / groups;
    const ci = shape.ci / groups;
    const add = (list: Call[], call: unknown) => list.push(call as Call);
    const kernel = { groups, co, ci, kh, kw };
    const sizes = { n, h, w, ci, oh, ow, co, groups, kh, kw, stride };
    const place = { padTop: padding[0], padLeft: padding[1], yh: oh, yw: ow, yTop: 0, yLeft: 0, yStep: 1 };
    const all = { tapTop: 0, tapLeft: 0, tapStep: 1 };

    const { panel } = limitsOf(engine.build);
    const panels = arena.floats(groups * Math.ceil(co / panel) * panel * kh * kw * ci);
    const pack = { weight, panels, ...kernel, turn: 0, ...all };
    this.#prepare = engine.call(arena, "packConv", pack, groups * Math.ceil(co / panel)) as Call;
    const { bands, ...cut } = cutInto(sizes, 64);
    const args = { x, weight: panels, bias, y, ...sizes, ...place, ...cut, floor: floorOf(relu) };
    this.#forward = engine.call(arena, "conv", args, tasksOf(bands, cut.bandsPerTask)) as Call;
    if (!dy) return;

    const { bands: partBands, ...partCut } = cutInto(sizes, MOST_PARTS);
    const parts = tasksOf(partBands, partCut.bandsPerTask);
    const sums = arena.floats(parts * groups * kh * kw * ci * co);
    const sum = { x, weight: sums, bias: 0, y: dy, ...sizes, ...place, ...partCut, floor: 0 };
    add(this.#backward, engine.call(arena, "convGradWeight", sum, parts));
    const merge = { sums, parts, grad: dweight, ...kernel };
    add(this.#backward, engine.call(arena, "convGradMerge", merge, groups * Math.ceil(co / 4)));
    if (dbias) this.#backward.push(columnSumsCall(engine, arena, dy, n * oh * ow, shape.co, dbias));
    if (!dx) return;
    for (const top of phases(h, kh, stride, padding[0])) {
      for (const left of phases(w, kw, stride, padding[1])) {
        if (!top.count || !left.count) continue;
        const turned = arena.floats(groups * Math.ceil(ci / panel) * panel * Math.max(1, top.taps * left.taps * co));
        const taps = { tapTop: top.tap, tapLeft: left.tap, tapStep: stride };
        const turn = { weight, panels: turned, ...kernel, turn: 1, ...taps };
        add(this.#backward, engine.call(arena, "packConv", turn, groups * Math.ceil(ci / panel)));
        const back = { n, h: oh, w: ow, ci: co, oh: top.count, ow: left.count, co: ci, groups, stride: 1 };
        const reach = { kh: left.taps ? top.taps : 0, kw: top.taps ? left.taps : 0 };
        const to = { yh: h, yw: w, yTop: top.first, yLeft: left.first, yStep: stride };
        const pads = { padTop: top.padding, padLeft: left.padding };
        const { bands, ...cut } = cutInto({ ...back, ...reach }, 64);
        const grad = {
          x: dy,
          weight: turned,
          bias: 0,
          y: dx,
          ...back,
          ...reach,
          ...pads,
          ...to,
          ...cut,
          floor: floorOf(false),
        };
        add(this.#backward, engine.call(arena, "conv", grad, tasksOf(bands, cut.bandsPerTask)));
      }
    }
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

/** A 1×1 kernel at stride 1 does not care where rows end: an image is one long row to it. */
function inOneRow(shape: ConvShape): ConvShape {
  const { h, w, kh, kw, stride, padding } = shape;
  if (kh * kw * stride > 1 || padding[0] + padding[1] > 0) return shape;
  return { ...shape, h: 1, w: h * w, oh: 1, ow: h * w };
}

/** Those input rows (or columns) that the same taps of the kernel reach. */
interface Phase {
  /** The first of them; the others follow `stride` apart. */
  first: number;
  count: number;
  /** The first tap; the others follow `stride` apart. */
  tap: number;
  taps: number;
  /** Of the convolution of dy that gives their gradients. */
  padding: number;
}

/** Input row i is reached by tap k from output row (i + padding − k) / stride, where that is whole. */
function phases(size: number, kernel: number, stride: number, padding: number): Phase[] {
  return Array.from({ length: stride }, (_, tap) => {
    const first = (((tap - padding) % stride) + stride) % stride;
    const taps = Math.max(0, Math.ceil((kernel - tap) / stride));
    const output = (first + padding - tap) / stride;
    return { first, count: Math.max(0, Math.ceil((size - first) / stride)), tap, taps, padding: taps - 1 - output };
  });
}

type Cut = Record<"n" | "oh" | "ow" | "ci" | "co" | "groups" | "kh" | "kw" | "stride", number>;

/** How a convolution is cut: columns and rows laid out together, and at most so many tasks of whole bands. */
function cutInto({ n, oh, ow, ci, co, groups, kh, kw, stride }: Cut, most: number) {
  const widest = Math.ceil(ow / blockRows) * blockRows;
  const room = (rows: number) => convFloats / ((rows - 1) * stride + Math.max(1, kh)) / ci;
  const blocks = (pixels: number) => Math.floor(pixels / blockRows) * blockRows;
  const fitting = (rows: number) => blocks(Math.floor((room(rows) - kw) / stride) + 1);
  const band = Math.max(BAND, Math.floor(BAND_PIXELS / ow));
  const rows = fitting(band) >= widest ? Math.min(band, oh) : 1;
  const columns = Math.max(blockRows, Math.min(widest, fitting(rows)));
  const bands = n * Math.ceil(oh / rows);
  const work = rows * ow * groups * co * ci * Math.max(1, kh * kw);
  return { rows, columns, bands, bandsPerTask: Math.ceil(Math.max(GRAIN / work, bands / most, 1)) };
}

/** Whether scratch has room for the rows under the pixels of one block. */
export function convFits(kh: number, kw: number, ci: number, stride: number): boolean {
  return kh * ((blockRows - 1) * stride + kw) * ci <= convFloats;
}
