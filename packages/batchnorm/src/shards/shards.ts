import type { Exchange } from "../ops/normalization/exchange.ts";

/**
 * Several processes that train one model together, each on a share of every batch. Every call is made by all of them, in
 * the same order.
 */
export interface Shards extends Exchange {
  /** Which of them this process is: 0 to size − 1. */
  readonly rank: number;
  readonly size: number;
  /** Rank 0's values replace those of the others. */
  broadcast(values: Float32Array | Float64Array): void;
  /**
   * Makes sure that all have said the same.
   *
   * @param what  what the text tells about, for the error
   * @throws      when one of them has not
   */
  agree(what: string, text: string): void;
}

/** A share of a batch: consecutive examples. */
export interface BatchShare {
  /** How many examples come before it. */
  readonly first: number;
  readonly count: number;
  /** How many the batch has. */
  readonly total: number;
}

/** What a rank takes of a batch: the shares' sizes differ by one at most; with fewer examples than ranks, some are empty. */
export function shareOf(total: number, shards: Shards | null): BatchShare {
  if (!shards) return { first: 0, count: total, total };
  const start = (rank: number) => Math.floor((total * rank) / shards.size);
  const first = start(shards.rank);
  return { first, count: start(shards.rank + 1) - first, total };
}

/** The share that each rank brings along makes the batch: in the order of the ranks. */
export function shareBrought(count: number, shards: Shards | null): BatchShare {
  if (!shards) return { first: 0, count, total: count };
  const counts = shards.gather(Float64Array.of(count));
  const sum = (part: Float64Array) => part.reduce((a, b) => a + b, 0);
  return { first: sum(counts.subarray(0, shards.rank)), count, total: sum(counts) };
}

/** How many examples are run for a share: for an empty one there is one, which counts for nothing. */
export function standIn(count: number): number {
  return Math.max(1, count);
}

/** The sum of a value over all processes. */
export function sumOver(shards: Shards | null, value: number): number {
  const values = Float64Array.of(value);
  shards?.sum(values).wait();
  return values[0];
}
