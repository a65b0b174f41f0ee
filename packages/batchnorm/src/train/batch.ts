/** Fills a batch with examples of a data set. */

import type { Dataset } from "../data/dataset.ts";
import type { Place } from "../device/device.ts";
import { perTask, tasksOf } from "../kernels/tasks.ts";
import type { Emitter, Operand } from "../plan/site.ts";
import type { BatchShare } from "../shards/shards.ts";
import type { Random } from "../tensor/random.ts";
import { sizeOf } from "../tensor/shape.ts";

/** Says which examples a batch is to have; the commands that were added gather them. */
export interface Batch {
  /**
   * @param indices  of the share's examples
   * @param random   decides how images are moved and mirrored; null: they are taken as they are
   */
  choose(indices: Int32Array, share: BatchShare, random: Random | null): void;
}

/**
 * Adds what gathers a batch.
 *
 * @param from  the data set's values
 * @param to    float32, as many examples as the batch has
 */
export function gatherBatch(emitter: Emitter, data: Dataset, from: Place, to: Operand): Batch {
  const rows = to.shape[0];
  if (data.mean || data.std || data.augment) return gatherImages(emitter, rows, data, from, to);
  const width = sizeOf(data.shape);
  const rowsPerTask = perTask(rows, width, 1);
  const indices = emitter.words(rows);
  const args = { from, indices, to: to.at, rows, width, rowsPerTask, scale: data.scale };
  emitter.command(data.data instanceof Float32Array ? "gatherFloats" : "gatherBytes", args, tasksOf(rows, rowsPerTask));
  return { choose: (chosen) => emitter.device.write(indices.region, 0, chosen) };
}

function gatherImages(emitter: Emitter, rows: number, data: Dataset, from: Place, to: Operand): Batch {
  const { shape, mean, std, augment } = data;
  const channels = shape[shape.length - 1];
  // What is no image is a single row of pixels, which nobody moves.
  const [h, w] = shape.length === 3 ? shape : [1, sizeOf(shape) / channels];
  const rowsPerTask = perTask(rows, h * w * channels, 1);
  const places = emitter.words(4 * rows);
  const [scale, shift] = [emitter.words(channels), emitter.words(channels)];
  const of = (values: (std: number, mean: number) => number) =>
    Float32Array.from({ length: channels }, (_, c) => values(std?.[c] ?? 1, mean?.[c] ?? 0));
  emitter.device.write(
    scale.region,
    0,
    of((s) => data.scale / s),
  );
  emitter.device.write(
    shift.region,
    0,
    of((s, m) => -m / s),
  );
  const args = { from, places, to: to.at, scale, shift, rows, h, w, channels, rowsPerTask };
  emitter.command("gatherImages", args, tasksOf(rows, rowsPerTask));
  const chosenPlaces = new Int32Array(4 * rows);
  return {
    choose(chosen, share, random) {
      const { crop, flip } = (random && augment) || { crop: 0, flip: false };
      const offset = () => (random && crop ? random.integer(2 * crop + 1) - crop : 0);
      // Those of other shares draw too, so that an image is changed alike whoever takes it.
      for (let r = 0; r < share.total; r++) {
        const [down, right] = [offset(), offset()];
        const mirrored = random && flip ? random.integer(2) : 0;
        const own = r - share.first;
        if (own >= 0 && own < share.count) chosenPlaces.set([chosen[own], down, right, mirrored], 4 * own);
      }
      emitter.device.write(places.region, 0, chosenPlaces);
    },
  };
}
