import { createHash } from "node:crypto";
import { availableParallelism } from "node:os";
import type { Shards, Sum } from "batchnorm";
import { MpiError } from "./errors.ts";
import type { Native, Request } from "./native/functions.ts";
import { IMPATIENT, PATIENT, waitFor } from "./native/wait.ts";

/** What has gone through a communicator so far. */
export interface Traffic {
  /** Collective calls. */
  calls: number;
  /** Bytes that this rank has put into them. */
  bytes: number;
  /** Time that this rank has spent in them, waiting for others included. */
  seconds: number;
}

interface Place {
  readonly rank: number;
  readonly size: number;
  readonly machine: number;
}

/**
 * All ranks of an MPI job. Every call is a collective one: all ranks make it, in the same order. Where there are more
 * ranks on a machine than processors, those that wait do not keep the others from them.
 *
 *     const comm = await connect();
 *     synchronize(model, comm);
 *     const trainer = new Trainer(model, { optimizer, shards: comm });
 *
 * @throws MpiError E_STATE after `close`, E_CALL when MPI refuses
 */
export class Communicator implements Shards {
  readonly rank: number;
  readonly size: number;
  /** How many of the ranks are on this machine. */
  readonly local: number;
  readonly traffic: Traffic = { calls: 0, bytes: 0, seconds: 0 };
  /** Whether this is the lowest rank of its machine. */
  readonly firstHere: boolean;
  readonly #native: Native;
  readonly #done: () => void;
  /** How often a call is tested before the first sleep. */
  #tests = IMPATIENT;
  #all = new Float64Array(0);
  #closed = false;

  /**
   * @param machine  a number for the machine, which no other has
   * @param done     is called when the job is closed
   */
  constructor(native: Native, { rank, size, machine }: Place, done: () => void) {
    this.#native = native;
    this.rank = rank;
    this.size = size;
    const machines = this.gather(Float64Array.of(machine));
    this.local = machines.filter((other) => other === machine).length;
    if (this.local <= availableParallelism()) this.#tests = PATIENT;
    this.firstHere = machines.indexOf(machine) === rank;
    this.#done = done;
  }

  /** The MPI library's name and version. */
  get library(): string {
    return this.#native.version;
  }

  /** The values of all ranks, one after another: a view, good until the next call. As many of each rank. */
  gather(values: Float64Array): Float64Array {
    const count = values.length * this.size;
    if (this.#all.length < count) this.#all = new Float64Array(count);
    const all = this.#all.subarray(0, count);
    this.#begin(values.byteLength, () => this.#native.allgather(values, all)).wait();
    return all;
  }

  /**
   * Values of all ranks are added up, in place, in the same bits on all ranks and from run to run. Until `wait` returns
   * nobody else may touch them.
   */
  sum(values: Float32Array | Float64Array): Sum {
    return this.#begin(values.byteLength, () => this.#native.allreduce(values));
  }

  /** Rank 0's values, or another's, replace those of the others. */
  broadcast(values: Float32Array | Float64Array | Uint8Array, root = 0): void {
    const bytes = this.rank === root ? values.byteLength : 0;
    this.#begin(bytes, () => this.#native.broadcast(values, root)).wait();
  }

  /** Rank 0's bytes, or another's, go to all; what the others give is not looked at. */
  broadcastBytes(bytes: Uint8Array | null, root = 0): Uint8Array {
    const mine = this.rank === root ? (bytes ?? new Uint8Array(0)) : null;
    const length = Float64Array.of(mine?.length ?? 0);
    this.broadcast(length, root);
    const all = mine ?? new Uint8Array(length[0]);
    if (length[0] > 0) this.broadcast(all, root);
    return all;
  }

  /** Returns when all ranks are here. */
  barrier(): void {
    this.#begin(0, () => this.#native.barrier()).wait();
  }

  /**
   * Makes sure that all ranks have given the same text.
   *
   * @param what  what the text tells about
   * @throws      MpiError E_AGREE on every rank when one of them has not, with the first line that differs
   */
  agree(what: string, text: string): void {
    const hash = createHash("sha256").update(text).digest();
    const hashes = this.gather(Float64Array.from(hash));
    const rankOf = (rank: number) => hashes.subarray(rank * hash.length, (rank + 1) * hash.length);
    const other = Array.from({ length: this.size }, (_, rank) => rank).find(
      (rank) => !Buffer.from(rankOf(rank)).equals(Buffer.from(rankOf(0))),
    );
    if (other === undefined) return;
    const [ours, theirs] = [0, other].map((root) => {
      return Buffer.from(this.broadcastBytes(Buffer.from(text), root))
        .toString("utf8")
        .split("\n");
    });
    const line = theirs.findIndex((said, i) => said !== ours[i]);
    const at = line < 0 ? theirs.length : line;
    throw new MpiError(
      "E_AGREE",
      `expected all ranks to have the same in ${what}, but rank ${other} has ${quoted(theirs[at])} where rank 0 has ${quoted(ours[at])}`,
    );
  }

  /** Ends the job on this rank, when all ranks do. Further use throws E_STATE; closing again does nothing. */
  close(): void {
    if (this.#closed) return;
    this.barrier();
    this.#closed = true;
    this.#done();
    this.#native.finalize();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** `begin` is kept as long as the request is under way, and with it the arrays that MPI reads and writes. */
  #begin(bytes: number, begin: () => Request): Sum {
    if (this.#closed) throw new MpiError("E_STATE", "expected an open communicator; this one was closed");
    const { traffic } = this;
    traffic.calls++;
    traffic.bytes += bytes;
    const timed = <T>(work: () => T): T => {
      const started = performance.now();
      const result = work();
      traffic.seconds += (performance.now() - started) / 1000;
      return result;
    };
    const pending = { begin, request: timed(begin) };
    return { wait: () => timed(() => waitFor(this.#native, pending.request, this.#tests)) };
  }
}

function quoted(line: string | undefined): string {
  return line === undefined ? "nothing" : JSON.stringify(line);
}
