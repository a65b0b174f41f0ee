/**
 * The threads of a device. The caller is one of them; the others are workers. All walk the same list of commands and take
 * tasks as they come, so a worker that has not started yet, that the system has stopped, or that never comes, is not
 * waited for. See assembly/threads.ts for the protocol.
 */
import { BatchNormError } from "../errors.ts";
import type { Exports } from "./builds.ts";
import { COMMAND, CONTROL, FAILED } from "./control.ts";

/** What a worker is told once. */
export interface WorkerSetup {
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
  scratch: number;
}

/** As much of Node's and the browser's Worker as we use. */
interface Thread {
  postMessage(message: WorkerSetup): void;
  terminate(): unknown;
  unref?(): void;
  on?(event: "error", listener: (error: Error) => void): unknown;
  onerror?: unknown;
}

export class Pool {
  readonly #words: Int32Array;
  readonly #kernels: Exports;
  readonly #workers: Thread[];
  readonly #maySleep: number;
  /** A list is being walked. */
  #busy = false;

  constructor(memory: WebAssembly.Memory, kernels: Exports, module: WebAssembly.Module, scratches: number[]) {
    this.#words = new Int32Array(memory.buffer);
    this.#kernels = kernels;
    // A page's main thread must not sleep; it spins.
    this.#maySleep = typeof document === "undefined" ? 1 : 0;
    this.#workers = scratches.flatMap((scratch) => startWorker({ module, memory, scratch }) ?? []);
  }

  /**
   * Runs a list of commands on all threads; returns when the last is done.
   *
   * @param names of the commands' kernels, for the error
   * @throws BatchNormError E_PLATFORM when a kernel failed in one of the threads; none is at work any more then
   */
  run(list: number, names: readonly string[]): void {
    const kernels = this.#kernels;
    let cause: unknown;
    this.abandon();
    this.#busy = true;
    kernels.open(CONTROL, list, names.length);
    try {
      kernels.walk(CONTROL, this.#maySleep);
    } catch (error) {
      cause = error;
      kernels.fail(CONTROL);
    }
    const hasFailed = Atomics.load(this.#words, FAILED) === 1;
    const name = names[this.#words[COMMAND]];
    if (hasFailed) kernels.settle(CONTROL);
    this.#busy = false;
    if (hasFailed) throw failed(name, cause);
  }

  /** Where the caller was stopped in the middle of a run, by Ctrl-C in a prompt say, the others leave its list too. */
  abandon(): void {
    if (!this.#busy) return;
    this.#kernels.fail(CONTROL);
    this.#kernels.settle(CONTROL);
    this.#busy = false;
  }

  close(): void {
    this.#kernels.close(CONTROL);
    for (const worker of this.#workers) worker.terminate();
    this.#workers.length = 0;
  }
}

export function failed(kernel: string, cause: unknown): BatchNormError {
  return new BatchNormError("E_PLATFORM", "Device", `expected ${kernel} to end; it failed in one of the threads`, {
    cause,
  });
}

let warned = false;

/** The work goes on with the threads there are; once a program, somebody should know. */
function warn(error: unknown): void {
  if (warned) return;
  warned = true;
  const why = error instanceof Error ? error.message : "the worker's file could not be loaded";
  console.warn(
    `batchnorm: a thread did not start, going on with fewer (${why}). In a bundle, keep the library external.`,
  );
}

/** A worker keeps no process alive: it has nothing to do when the caller has not. Null where the platform refuses it. */
function startWorker(setup: WorkerSetup): Thread | null {
  const node = typeof process === "object" ? process.getBuiltinModule?.("node:worker_threads") : undefined;
  try {
    // Bundlers look for `new Worker(new URL(…))` written out like this: the page's bundle has the worker's file for that.
    const worker: Thread = node
      ? new node.Worker(new URL("./worker.js", import.meta.url), { execArgv: [], stdin: false })
      : (new Worker(new URL("./worker.js", import.meta.url), { type: "module" }) as Thread);
    if (worker.on) worker.on("error", warn);
    else worker.onerror = () => warn(null);
    worker.postMessage(setup);
    worker.unref?.();
    return worker;
  } catch (error) {
    warn(error);
    return null;
  }
}
