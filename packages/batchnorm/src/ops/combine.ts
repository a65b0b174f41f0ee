import type { Place } from "../device/device.ts";
import { perTask, tasksOf } from "../kernels/tasks.ts";
import type { Emitter } from "../plan/site.ts";

/** Columns of a matrix, from its first one on. */
export interface Columns {
  readonly at: Place;
  /** Of the whole matrix. */
  readonly width: number;
}

/** Columns of one matrix of float32 become columns of another. */
export function copyColumns(emitter: Emitter, rows: number, columns: number, from: Columns, to: Columns): void {
  const rowsPerTask = perTask(rows, columns, 1);
  const args = { from: from.at, to: to.at, rows, columns, fromWidth: from.width, toWidth: to.width, rowsPerTask };
  emitter.command("copyColumns", args, tasksOf(rows, rowsPerTask));
}

/** The sum of every column of x [rows, channels], float32: the gradient of a bias. */
export function columnSums(emitter: Emitter, x: Place, rows: number, channels: number, sum: Place): void {
  const channelsPerTask = perTask(channels, rows, 4);
  emitter.command("sumRows", { x, rows, channels, channelsPerTask, sum }, tasksOf(channels, channelsPerTask));
}
