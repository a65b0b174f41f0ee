import type { Place } from "../../device/device.ts";
import type { Emitter } from "../../plan/site.ts";
import type { Statistics } from "./batchnorm.ts";
import { type MergedMoments, mergeMoments } from "./merge.ts";

/** A sum that has begun. */
export interface Sum {
  /** Returns when the sum is in place. */
  wait(): void;
}

/**
 * Brings together what the shares of one batch give, where several processes have a share each. Every call is made by all
 * of them, in the same order, and gives all of them the same bits.
 */
export interface Exchange {
  /** The values of all shares, one share after another, the own among them: a view, good until the next call. */
  gather(values: Float64Array): Float64Array;
  /** Values of all shares are added up, in place; until they are, nobody else may touch them. */
  sum(values: Float32Array | Float64Array): Sum;
}

/**
 * The moments of one share become those of the whole batch: shares are merged by their counts, in their order, and those
 * without values left out.
 *
 * @param packed  room for 1 + 2 · channels values
 */
export function exchangeMoments(exchange: Exchange, moments: MergedMoments, packed: Float64Array): void {
  const channels = moments.mean.length;
  packed[0] = moments.count;
  packed.set(moments.mean, 1);
  packed.set(moments.m2, 1 + channels);
  const all = exchange.gather(packed);
  moments.count = 0;
  moments.mean.fill(0);
  moments.m2.fill(0);
  for (let at = 0; at < all.length; at += packed.length) {
    if (all[at] > 0) mergeMoments(moments, all[at], all, at + 1, at + 1 + channels, channels);
  }
}

/**
 * Adds the point where the moments of all shares are merged.
 *
 * @param own    how many values a channel this share has; none counts where it has no examples
 * @param check  told how many values a channel there are in all, before anything has changed
 */
export function mergeShares(
  emitter: Emitter,
  exchange: Exchange,
  { mean, variance, count }: Statistics,
  channels: number,
  own: number,
  check: (total: number) => void,
): void {
  const packed = new Float64Array(1 + 2 * channels);
  const moments = [mean, variance].map((place) => ({ place, type: "f64" as const, count: channels }));
  const total = { place: count, type: "f64" as const, count: 1 };
  emitter.point({
    reads: moments,
    writes: [...moments, total],
    act: (ownMean, ownM2, allMean, allM2, all) => {
      const { share } = emitter.state;
      const merged = {
        count: share.count === 0 ? 0 : own,
        mean: Float64Array.from(ownMean),
        m2: Float64Array.from(ownM2),
      };
      exchangeMoments(exchange, merged, packed);
      check(merged.count);
      allMean.set(merged.mean);
      allM2.set(merged.m2);
      all[0] = merged.count;
    },
  });
}

/** Adds the point where the sums of all shares, float64 [count], are added up; those of an empty one are 0. */
export function sumShares(emitter: Emitter, exchange: Exchange, sums: Place, count: number): void {
  const span = { place: sums, type: "f64" as const, count };
  emitter.point({
    reads: [span],
    writes: [span],
    act: (own, all) => {
      const values = Float64Array.from(own);
      if (emitter.state.share.count === 0) values.fill(0);
      exchange.sum(values).wait();
      all.set(values);
    },
  });
}
