import type { Place } from "../../device/device.ts";
import { limits } from "../../kernels/contract.ts";
import { perTask, tasksOf } from "../../kernels/tasks.ts";
import type { Emitter } from "../../plan/site.ts";
import type { Layout } from "./layout.ts";

/** How many rows of channels a task of any batch norm kernel takes. */
export function rowsPerTask({ outer, channels }: Layout): number {
  return perTask(outer, channels, limits.pieceRows);
}

/** Into how many parts of rows the statistics of a layout are cut; one for planes, where a channel never is. */
export function partsOf(layout: Layout): number {
  return layout.inner === 1 ? tasksOf(layout.outer, rowsPerTask(layout)) : 1;
}

/** Count, mean and M2 = Σ(x − mean)² of every channel: what batches, chunks, threads and processes merge. */
export interface Moments {
  /** float64 [channels] */
  readonly mean: Place;
  /** float64 [channels] */
  readonly m2: Place;
}

/**
 * The moments of every channel of x: partial results of the tasks, merged in float64 in their order.
 *
 * @param layout  simplified, see `simplify`
 * @param x       float32 in that layout
 */
export function moments(emitter: Emitter, layout: Layout, x: Place, { mean, m2 }: Moments): void {
  const { outer, channels, inner } = layout;
  if (inner > 1) {
    const channelsPerTask = perTask(channels, outer * inner, 1);
    const args = { x, outer, channels, inner, channelsPerTask, mean, m2 };
    emitter.command("momentsPlanes", args, tasksOf(channels, channelsPerTask));
    return;
  }
  const each = rowsPerTask(layout);
  const parts = partsOf(layout);
  const [partMean, partM2] = parts > 1 ? [0, 0].map(() => emitter.temporaryDoubles(parts * channels)) : [mean, m2];
  emitter.command("momentsRows", { x, rows: outer, channels, rowsPerTask: each, mean: partMean, m2: partM2 }, parts);
  if (parts === 1) return;
  const merge = { partMean, partM2, parts, channels, rows: outer, rowsPerPart: each, mean, m2 };
  emitter.command("mergeMoments", merge);
}
