import { type Moments, mergeMoments } from "./statistics.ts";

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
export function exchangeMoments(exchange: Exchange, moments: Moments, packed: Float64Array): void {
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
