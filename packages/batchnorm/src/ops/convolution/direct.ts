/**
 * Convolution of NHWC tensors, by any kernel, stride, padding and groups.
 */
import type { Place } from "../../device/device.ts";
import { limits } from "../../kernels/contract.ts";
import { tasksOf } from "../../kernels/tasks.ts";
import type { Site } from "../../plan/site.ts";
import { columnSums } from "../combine.ts";
import type { ConvGradients, ConvPlaces, ConvShape, Way } from "./way.ts";

const { blockRows, convFloats } = limits;
/** Multiplications worth a task of their own. */
const GRAIN = 2_000_000;
/** Output rows laid out together, and more of short ones: what is read from L2 for each band is used for so many pixels. */
const BAND = 4;
const BAND_PIXELS = 64;
/** Partial sums of the gradient of the weights: few, for they are as large as the weights. */
const MOST_PARTS = 8;

/** The way that takes every shape. */
export const direct: Way = { forward, gradWeight, gradInput };

/** What of the arguments of the kernels follows from the shape alone. */
function split(whole: ConvShape) {
  const { n, h, w, oh, ow, kh, kw, stride, padding, groups } = inOneRow(whole);
  const co = whole.co / groups;
  const ci = whole.ci / groups;
  return { kernel: { groups, co, ci, kh, kw }, sizes: { n, h, w, ci, oh, ow, co, groups, kh, kw, stride }, padding };
}

function forward(site: Site, shape: ConvShape, { x, y, weight, bias }: ConvPlaces, floor: number): void {
  const { kernel, sizes, padding } = split(shape);
  const { co, ci, groups, kh, kw } = kernel;
  const { oh, ow } = sizes;
  const { panel } = site.limits;
  const perGroup = Math.ceil(co / panel);
  const panels = site.prepared(groups * perGroup * panel * kh * kw * ci, (to) => {
    const all = { turn: 0, tapTop: 0, tapLeft: 0, tapStep: 1 };
    site.command("packConv", { weight, panels: to, ...kernel, ...all }, groups * perGroup);
  });
  const place = { padTop: padding[0], padLeft: padding[1], yh: oh, yw: ow, yTop: 0, yLeft: 0, yStep: 1 };
  const { bands, ...cut } = cutInto(sizes, 64);
  const args = { x, weight: panels, bias, y, ...sizes, ...place, ...cut, floor };
  site.command("conv", args, tasksOf(bands, cut.bandsPerTask));
}

function gradWeight(site: Site, shape: ConvShape, { x }: ConvPlaces, { dy, dweight, dbias }: ConvGradients): void {
  const { kernel, sizes, padding } = split(shape);
  const { n, oh, ow } = sizes;
  if (dweight) {
    const { bands, ...cut } = cutInto(sizes, MOST_PARTS);
    const parts = tasksOf(bands, cut.bandsPerTask);
    const { groups, kh, kw, ci, co } = kernel;
    const sums = site.temporary(parts * groups * kh * kw * ci * co);
    const place = { padTop: padding[0], padLeft: padding[1], yh: oh, yw: ow, yTop: 0, yLeft: 0, yStep: 1 };
    const sum = { x, weight: sums, bias: null, y: dy, ...sizes, ...place, ...cut, floor: 0 };
    site.command("convGradWeight", sum, parts);
    site.command("convGradMerge", { sums, parts, grad: dweight, ...kernel }, groups * Math.ceil(co / blockRows));
  }
  if (dbias) columnSums(site, dy, n * oh * ow, shape.co, dbias);
}

function gradInput(site: Site, shape: ConvShape, weight: Place, dy: Place, dx: Place): void {
  const { kernel, sizes, padding } = split(shape);
  const { groups, co, ci } = kernel;
  const { n, h, w, oh, ow, kh, kw, stride } = sizes;
  const { panel } = site.limits;
  const perGroup = Math.ceil(ci / panel);
  for (const top of phases(h, kh, stride, padding[0])) {
    for (const left of phases(w, kw, stride, padding[1])) {
      if (!top.count || !left.count) continue;
      const turned = site.temporary(groups * perGroup * panel * Math.max(1, top.taps * left.taps * co));
      const taps = { tapTop: top.tap, tapLeft: left.tap, tapStep: stride };
      site.command("packConv", { weight, panels: turned, ...kernel, turn: 1, ...taps }, groups * perGroup);
      const back = { n, h: oh, w: ow, ci: co, oh: top.count, ow: left.count, co: ci, groups, stride: 1 };
      const reach = { kh: left.taps ? top.taps : 0, kw: top.taps ? left.taps : 0 };
      const to = { yh: h, yw: w, yTop: top.first, yLeft: left.first, yStep: stride };
      const pads = { padTop: top.padding, padLeft: left.padding };
      const { bands, ...cut } = cutInto({ ...back, ...reach }, 64);
      const places = { x: dy, weight: turned, bias: null, y: dx };
      const args = { ...places, ...back, ...reach, ...pads, ...to, ...cut, floor: Number.NEGATIVE_INFINITY };
      site.command("conv", args, tasksOf(bands, cut.bandsPerTask));
    }
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
