import { Worker } from "node:worker_threads";
import type { Mnist } from "../datasets/mnist.ts";
import { InterruptedError } from "../errors.ts";
import type { RunReply, RunRequest } from "./messages.ts";
import type { Job, RunResult } from "./spec.ts";

/** Told about every run; `slot` is the worker that carries it out, 0 to threads − 1. */
export interface PoolListener {
  started(slot: number, job: Job): void;
  advanced(slot: number, job: Job, step: number): void;
  /** awaited before the worker takes its next run */
  finished(slot: number, job: Job, result: RunResult): Promise<void>;
}

/**
 * Carries out runs in worker threads, `threads` at a time, in the given order.
 *
 * When the signal is aborted or a run fails, every worker is stopped at once and the promise rejects: runs
 * that were under way are lost, runs that were reported as finished are not.
 */
export async function runPool(
  jobs: readonly Job[],
  mnist: Mnist,
  threads: number,
  listener: PoolListener,
  signal: AbortSignal,
): Promise<void> {
  const queue = [...jobs];
  const workers = Array.from({ length: Math.min(threads, jobs.length) }, () => startWorker(mnist));
  const serve = async (worker: Worker, slot: number) => {
    for (let job = queue.shift(); job; job = queue.shift()) {
      const current = job;
      if (signal.aborted) throw new InterruptedError("interrupted");
      listener.started(slot, current);
      const result = await carryOut(worker, current, (step) => listener.advanced(slot, current, step), signal);
      await listener.finished(slot, current, result);
    }
  };
  try {
    await Promise.all(workers.map(serve));
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

function startWorker(mnist: Mnist): Worker {
  return new Worker(new URL("./worker.js", import.meta.url), {
    workerData: mnist,
  });
}

function carryOut(worker: Worker, job: Job, advanced: (step: number) => void, signal: AbortSignal): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const settle = (outcome: () => void) => {
      worker.off("message", onMessage).off("error", onError).off("exit", onExit);
      signal.removeEventListener("abort", onAbort);
      outcome();
    };
    const onMessage = (reply: RunReply) => {
      if (reply.kind === "progress") advanced(reply.step);
      else settle(() => resolve(reply.result));
    };
    const onError = (error: Error) =>
      settle(() => reject(new Error(`${job.label}: ${error.message}`, { cause: error })));
    const onExit = (code: number) =>
      settle(() => reject(new Error(`${job.label}: its worker thread ended with code ${code} before the run did`)));
    const onAbort = () => settle(() => reject(new InterruptedError("interrupted")));
    worker.on("message", onMessage).on("error", onError).on("exit", onExit);
    signal.addEventListener("abort", onAbort);
    worker.postMessage({ spec: job.spec } satisfies RunRequest);
  });
}
