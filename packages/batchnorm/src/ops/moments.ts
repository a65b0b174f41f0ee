import type { Arena } from "../engine/arena.ts";
import type { Call, Engine } from "../engine/engine.ts";
import { limits } from "../kernels/contract.ts";
import { type Layout, perTask, tasksOf } from "./layout.ts";
import { type Moments, mergeMoments } from "./statistics.ts";

/** How many rows of channels a task of any batch norm kernel takes: tasks begin where pieces of a sum do. */
export function rowsPerTask({ outer, channels }: Layout): number {
  return perTask(outer, channels, limits.pieceRows);
}

/** Count, mean and M2 of every channel of one batch: the kernels' partial results, merged in float64. */
export class MomentsOp {
  /** What `run` leaves. */
  readonly result: Moments;
  /** Addresses of partial results, float64 [parts, channels] each; free for others between runs. */
  readonly scratch: { readonly mean: number; readonly m2: number };
  /** Rows of each task's partial results; one task for planes, where a channel is never cut. */
  readonly partRows: readonly number[];
  readonly #engine: Engine;
  readonly #call: Call;

  /** @param x  address of float32 values in that layout, simplified */
  constructor(engine: Engine, arena: Arena, layout: Layout, x: number) {
    const { outer, channels, inner } = layout;
    const rows = inner === 1;
    const each = rowsPerTask(layout);
    const parts = rows ? tasksOf(outer, each) : 1;
    this.partRows = Array.from({ length: parts }, (_, i) => (rows ? Math.min(each, outer - i * each) : outer * inner));
    const [mean, m2] = [arena.doubles(parts * channels), arena.doubles(parts * channels)];
    this.scratch = { mean, m2 };
    this.result = { count: 0, mean: new Float64Array(channels), m2: new Float64Array(channels) };
    this.#engine = engine;
    if (rows) {
      this.#call = engine.call(
        arena,
        "momentsRows",
        { x, rows: outer, channels, rowsPerTask: each, mean, m2 },
        parts,
      ) as Call;
    } else {
      const channelsPerTask = perTask(channels, outer * inner, 1);
      const args = { x, outer, channels, inner, channelsPerTask, mean, m2 };
      this.#call = engine.call(arena, "momentsPlanes", args, tasksOf(channels, channelsPerTask)) as Call;
    }
  }

  run(): void {
    this.#call.run();
    const { f64 } = this.#engine.memory;
    const { result, partRows } = this;
    const channels = result.mean.length;
    const mean = this.scratch.mean >> 3;
    const m2 = this.scratch.m2 >> 3;
    result.count = partRows[0];
    result.mean.set(f64.subarray(mean, mean + channels));
    result.m2.set(f64.subarray(m2, m2 + channels));
    for (let i = 1; i < partRows.length; i++) {
      mergeMoments(result, partRows[i], f64, mean + i * channels, m2 + i * channels, channels);
    }
  }
}
