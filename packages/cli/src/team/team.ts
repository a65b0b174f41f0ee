import { availableParallelism } from "node:os";
import type { Shards } from "batchnorm";

/** The processes that carry out a command together. What one of them awaits here, all of them do, in the same order. */
export interface Team {
  /** whether this process is the one that reads and writes files, and tells the user how it goes */
  readonly leads: boolean;
  readonly size: number;
  /** threads that each process may take */
  readonly threads: number;
  /** what trainers share batches by; null for one process alone */
  readonly shards: Shards | null;
  /** Whether it is so for any of them. */
  any(flag: boolean): boolean;
  /** Done by each; bad input of one is bad input of all. */
  each<T>(work: () => Promise<T>): Promise<T>;
  /** Done by the one that leads; all get the result, which JSON can hold, or the bad input. */
  once<T>(work: () => Promise<T>): Promise<T>;
  /** As `once`, for bytes. */
  onceBytes(work: () => Promise<Uint8Array>): Promise<Uint8Array>;
  /** The values of all. */
  gather(values: Float32Array): Float32Array;
}

/** A process without others. */
export const ALONE: Team = {
  leads: true,
  size: 1,
  threads: availableParallelism(),
  shards: null,
  any: (flag) => flag,
  each: (work) => work(),
  once: (work) => work(),
  onceBytes: (work) => work(),
  gather: (values) => values,
};
