/** 3×3 convolutions at stride 1 by Winograd's F(4×4, 3×3): see assembly/winograd.ts. */
import type { Place } from "../../device/device.ts";
import { limits } from "../../kernels/contract.ts";
import { tasksOf } from "../../kernels/tasks.ts";
import type { Site } from "../../plan/site.ts";
import { columnSums } from "../combine.ts";
import type { ConvGradients, ConvPlaces, ConvShape, Way } from "./way.ts";

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

/** By Winograd's F(4×4, 3×3). */
export const winograd: Way = { forward, gradWeight, gradInput };

const room = ({ ci, co }: ConvShape) => 36 * (ci * co + winogradGap);
const sizesOf = ({ n, h, w, ci, oh, ow, co, padding }: ConvShape) => {
  return { n, h, w, ci, oh, ow, co, padTop: padding[0], padLeft: padding[1] };
};

function forward(site: Site, shape: ConvShape, { x, y, weight, bias }: ConvPlaces, floor: number): void {
  const { n, ci, oh, ow, co } = shape;
  const panels = site.prepared(room(shape), (to) => {
    site.command("winogradWeights", { weight, panels: to, co, ci, turn: 0 }, co / 4);
  });
  const { segmentTiles, segments } = segmentsOf(n, oh, ow, Math.max(ci, co));
  const segmentsPerTask = perTask(segments, segmentTiles, ci * co, 64);
  const args = { x, weight: panels, y, bias, ...sizesOf(shape), segmentTiles, segmentsPerTask, floor };
  site.command("winograd", args, tasksOf(segments, segmentsPerTask));
}

function gradWeight(site: Site, shape: ConvShape, { x }: ConvPlaces, { dy, dweight, dbias }: ConvGradients): void {
  const { n, ci, oh, ow, co } = shape;
  if (dweight) {
    const { segmentTiles, segments } = segmentsOf(n, oh, ow, Math.max(ci, co));
    const segmentsPerTask = perTask(segments, segmentTiles, ci * co, MOST_PARTS);
    const parts = tasksOf(segments, segmentsPerTask);
    const products = site.temporary(parts * room(shape));
    const sums = site.temporary(parts * 9 * ci * co);
    const grad = { x, products, dy, sums, ...sizesOf(shape), segmentTiles, segmentsPerTask };
    site.command("winogradGradWeight", grad, parts);
    site.command("convGradMerge", { sums, parts, grad: dweight, groups: 1, co, ci, kh: 3, kw: 3 }, co / 4);
  }
  if (dbias) columnSums(site, dy, n * oh * ow, co, dbias);
}

function gradInput(site: Site, shape: ConvShape, weight: Place, dy: Place, dx: Place): void {
  const { n, h, w, ci, oh, ow, co, padding } = shape;
  const panels = site.temporary(room(shape));
  site.command("winogradWeights", { weight, panels, co, ci, turn: 1 }, ci / 4);
  const { segmentTiles, segments } = segmentsOf(n, h, w, Math.max(ci, co));
  const segmentsPerTask = perTask(segments, segmentTiles, ci * co, 64);
  const turned = { n, h: oh, w: ow, ci: co, oh: h, ow: w, co: ci, padTop: 2 - padding[0], padLeft: 2 - padding[1] };
  const places = { x: dy, weight: panels, y: dx, bias: null };
  const args = { ...places, ...turned, segmentTiles, segmentsPerTask, floor: Number.NEGATIVE_INFINITY };
  site.command("winograd", args, tasksOf(segments, segmentsPerTask));
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
