/** Fills a batch with examples of a data set. */
import type { Arena } from "../engine/arena.ts";
import type { Engine } from "../engine/engine.ts";
import type { Value } from "../layers/plan.ts";
import { perTask, tasksOf } from "../ops/layout.ts";
import type { Random } from "../tensor/random.ts";
import { sizeOf } from "../tensor/shape.ts";
import type { Dataset } from "./dataset.ts";
import type { BatchShare } from "./shards.ts";

/** Where a batch comes from and how: made once for a batch of a shape and a kind of data set. */
export interface Batch {
  /**
   * @param at       the address of the data set's values
   * @param indices  of the share's examples
   * @param random   decides how images are moved and mirrored; null: they are taken as they are
   */
  fill(data: Dataset, at: number, indices: Int32Array, share: BatchShare, random: Random | null): void;
}

/** What kind of batch a data set needs. */
export function kindOf({ data, mean, std, augment }: Dataset): "floats" | "bytes" | "images" {
  if (data instanceof Float32Array) return "floats";
  return mean || std || augment ? "images" : "bytes";
}

export function batchOf(engine: Engine, arena: Arena, data: Dataset, to: Value): Batch {
  const kind = kindOf(data);
  const rows = to.shape[0];
  if (kind === "images") return imageBatch(engine, arena, rows, data.shape, to);
  const width = sizeOf(data.shape);
  const rowsPerTask = perTask(rows, width, 1);
  const indices = arena.floats(rows);
  const args = { from: 0, indices, to: to.at, rows, width, rowsPerTask, scale: 1 };
  const name = kind === "floats" ? "gatherFloats" : "gatherBytes";
  const gather = engine.call(arena, name, args, tasksOf(rows, rowsPerTask));
  return {
    fill({ scale }, at, chosen) {
      engine.memory.i32.set(chosen, indices >> 2);
      gather.set("from", at);
      gather.set("scale", scale);
      gather.run();
    },
  };
}

function imageBatch(engine: Engine, arena: Arena, rows: number, shape: readonly number[], to: Value): Batch {
  const channels = shape[shape.length - 1];
  // What is no image is a single row of pixels, which nobody moves.
  const [h, w] = shape.length === 3 ? shape : [1, sizeOf(shape) / channels];
  const rowsPerTask = perTask(rows, h * w * channels, 1);
  const places = arena.floats(4 * rows);
  const scale = arena.floats(channels);
  const shift = arena.floats(channels);
  const args = { from: 0, places, to: to.at, scale, shift, rows, h, w, channels, rowsPerTask };
  const gather = engine.call(arena, "gatherImages", args, tasksOf(rows, rowsPerTask));
  return {
    fill(data, at, chosen, share, random) {
      const { f32, i32 } = engine.memory;
      for (let c = 0; c < channels; c++) {
        const std = data.std?.[c] ?? 1;
        f32[(scale >> 2) + c] = data.scale / std;
        f32[(shift >> 2) + c] = -(data.mean?.[c] ?? 0) / std;
      }
      const { crop, flip } = (random && data.augment) || { crop: 0, flip: false };
      const offset = () => (random && crop ? random.integer(2 * crop + 1) - crop : 0);
      // Those of other shares draw too, so that an image is changed alike whoever takes it.
      for (let r = 0; r < share.total; r++) {
        const [down, right] = [offset(), offset()];
        const mirrored = random && flip ? random.integer(2) : 0;
        const own = r - share.first;
        if (own < 0 || own >= share.count) continue;
        const place = (places >> 2) + 4 * own;
        i32[place] = chosen[own];
        i32[place + 1] = down;
        i32[place + 2] = right;
        i32[place + 3] = mirrored;
      }
      gather.set("from", at);
      gather.run();
    },
  };
}
