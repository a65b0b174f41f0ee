import { availableParallelism } from "node:os";
import { type Communicator, connect, MpiError } from "batchnorm-mpi";
import { InputError } from "../errors.ts";
import type { Team } from "./team.ts";

export interface MpiTeam extends Team {
  /** The command is done, on all of them. */
  close(): void;
}

/** What came of some work: its result, or the sentence about bad input. */
type Said = { readonly result: unknown } | { readonly input: string };

/**
 * The ranks that mpirun or srun has started.
 *
 * @throws InputError without MPI
 */
export async function mpiTeam(): Promise<MpiTeam> {
  const comm = await connected();
  const leads = comm.rank === 0;
  const each = async <T>(work: () => Promise<T>): Promise<T> => {
    const said = await saying(work);
    const failed = comm.gather(Float64Array.of("input" in said ? 1 : 0)).indexOf(1);
    if (failed < 0) return (said as { result: T }).result;
    const sentence = told(comm, "input" in said ? said.input : "", failed);
    throw new InputError(failed === 0 ? sentence : `rank ${failed}: ${sentence}`);
  };
  return {
    leads,
    size: comm.size,
    threads: Math.max(1, Math.floor(availableParallelism() / comm.local)),
    shards: comm,
    any: (flag) => comm.gather(Float64Array.of(flag ? 1 : 0)).includes(1),
    each,
    async once<T>(work: () => Promise<T>): Promise<T> {
      const result = await each(async () => (leads ? await work() : null));
      const text = told(comm, JSON.stringify(result ?? null));
      return leads ? (result as T) : JSON.parse(text);
    },
    async onceBytes(work) {
      return comm.broadcastBytes(await each(async () => (leads ? await work() : null)));
    },
    gather: (values) => gathered(comm, values),
    close: () => comm.close(),
  };
}

async function connected(): Promise<Communicator> {
  try {
    return await connect();
  } catch (error) {
    throw error instanceof MpiError ? new InputError(`--mpi: ${error.message}`, { cause: error }) : error;
  }
}

/** What is no bad input ends the process, and with it the job. */
async function saying(work: () => Promise<unknown>): Promise<Said> {
  try {
    return { result: await work() };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { input: error.message };
  }
}

/** A rank's text, on all ranks. */
function told(comm: Communicator, text: string, rank = 0): string {
  return Buffer.from(comm.broadcastBytes(Buffer.from(text), rank)).toString("utf8");
}

/** Ranks may have different numbers of values. */
function gathered(comm: Communicator, values: Float32Array): Float32Array {
  const counts = comm.gather(Float64Array.of(values.length)).slice();
  const most = Math.max(...counts);
  const padded = new Float64Array(most);
  padded.set(values);
  const all = comm.gather(padded);
  return Float32Array.from([...counts].flatMap((count, rank) => [...all.subarray(rank * most, rank * most + count)]));
}
