/**
 * The threads of an engine. The caller is one of them; the others are workers that take tasks as they come, so a worker
 * that has not started yet, or that the system has stopped, is not waited for. See assembly/threads.ts for the protocol.
 */
import { BatchNormError } from "../errors.ts";
import {
  control,
  controlAddress,
  controlBytes,
  type KernelFunction,
  type KernelName,
  type Kernels,
  kernelNames,
} from "../kernels/contract.ts";
import type { ThreadFunctions } from "../kernels/wasm.ts";
import type { Memory } from "./memory.ts";

/** The control block of assembly/threads.ts, and three words of it that are ours. */
export const CONTROL = controlAddress;
export const CONTROL_BYTES = controlBytes;
export const KERNEL = (CONTROL + control.kernel) >> 2;
export const ARGUMENTS = (CONTROL + control.arguments) >> 2;
export const FAILED = (CONTROL + control.failed) >> 2;

/** What a worker is told once. */
export interface WorkerSetup {
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
  scratch: number;
  /** In the order that kernels are numbered by. */
  names: KernelName[];
}

/** As much of Node's and the browser's Worker as we use. */
interface Thread {
  postMessage(message: WorkerSetup): void;
  terminate(): unknown;
  unref?(): void;
}

export class Pool {
  readonly #memory: Memory;
  readonly #kernels: Kernels & ThreadFunctions;
  readonly #workers: Thread[];
  readonly #maySleep: number;

  constructor(memory: Memory, kernels: Kernels & ThreadFunctions, module: WebAssembly.Module, scratches: number[]) {
    this.#memory = memory;
    this.#kernels = kernels;
    // A page's main thread must not sleep; it spins.
    this.#maySleep = typeof document === "undefined" ? 1 : 0;
    this.#workers = scratches.map((scratch) =>
      startWorker({ module, memory: memory.wasm, scratch, names: kernelNames }),
    );
  }

  /**
   * Runs every task of one call on all threads; returns when all are done.
   *
   * @throws BatchNormError E_PLATFORM when a kernel failed in one of the threads; the others have ended their tasks then
   */
  run(index: number, kernel: KernelFunction, args: number, tasks: number): void {
    const { i32 } = this.#memory;
    const kernels = this.#kernels;
    i32[KERNEL] = index;
    i32[ARGUMENTS] = args;
    kernels.open(CONTROL, tasks);
    for (let task = kernels.take(CONTROL); task >= 0; task = kernels.take(CONTROL)) {
      try {
        kernel(args, task);
      } catch {
        i32[FAILED] = 1;
      }
      kernels.finish(CONTROL);
    }
    kernels.join(CONTROL, tasks, this.#maySleep);
    if (i32[FAILED]) throw this.#failed(kernelNames[index]);
  }

  #failed(name: KernelName): BatchNormError {
    this.#memory.i32[FAILED] = 0;
    return new BatchNormError("E_PLATFORM", "Engine", `expected ${name} to end; it failed in one of the threads`);
  }

  close(): void {
    this.#kernels.close(CONTROL);
    for (const worker of this.#workers) worker.terminate();
    this.#workers.length = 0;
  }
}

/** A worker keeps no process alive: it has nothing to do when the caller has not. */
function startWorker(setup: WorkerSetup): Thread {
  const node = typeof process === "object" ? process.getBuiltinModule?.("node:worker_threads") : undefined;
  const worker: Thread = node
    ? new node.Worker(new URL("./worker.js", import.meta.url), { execArgv: [], stdin: false })
    : (new Worker(new URL("./worker.js", import.meta.url), { type: "module" }) as Thread);
  worker.postMessage(setup);
  worker.unref?.();
  return worker;
}
