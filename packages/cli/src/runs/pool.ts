import { Worker } from "node:worker_threads";
import type { SharedData } from "../datasets/shared.ts";
import { InterruptedError } from "../errors.ts";
import type { RunKind } from "./kind.ts";
import type { RunReply, RunRequest } from "./messages.ts";
import type { Checkpoint, Job, RunResult } from "./spec.ts";

/** Told about every run; `slot` is the worker that carries it out, 0 to threads − 1. */
export interface PoolListener {
  started(slot: number, job: Job): void;
  advanced(slot: number, job: Job, step: number): void;
  /** awaited before the run's next checkpoint and before `finished`; the run itself goes on meanwhile */
  saved(slot: number, job: Job, checkpoint: Checkpoint): Promise<void>;
  /** awaited before the worker takes its next run */
  finished(slot: number, job: Job, result: RunResult): Promise<void>;
}

/**
 * Carries out runs of a kind in worker threads, `threads` at a time, in the given order. All workers have the same data.
 *
 * When the signal is aborted or a run fails, every worker is stopped at once and the promise rejects: what runs under
 * way did since their last checkpoint is lost, runs that were reported as finished are not.
 */
export async function runPool(
  kind: RunKind,
  jobs: readonly Job[],
  data: SharedData,
  threads: number,
  listener: PoolListener,
  signal: AbortSignal,
): Promise<void> {
  const queue = [...jobs];
  const workers = Array.from({ length: Math.min(threads, jobs.length) }, () => startWorker(data));
  const serve = async (worker: Worker, slot: number) => {
    for (let job = queue.shift(); job; job = queue.shift()) {
      const current = job;
      if (signal.aborted) throw new InterruptedError("interrupted");
      listener.started(slot, current);
      const told = {
        advanced: (step: number) => listener.advanced(slot, current, step),
        saved: (checkpoint: Checkpoint) => listener.saved(slot, current, checkpoint),
      };
      const result = await carryOut(worker, kind.module, current, told, signal);
      await listener.finished(slot, current, result);
    }
  };
  const serving = workers.map(serve);
  try {
    await Promise.all(serving);
  } finally {
    queue.length = 0;
    await Promise.all(workers.map((worker) => worker.terminate()));
    // Nothing is written any more after this returns.
    await Promise.allSettled(serving);
  }
}

function startWorker(data: SharedData): Worker {
  return new Worker(new URL("./worker.js", import.meta.url), { workerData: data });
}

interface Told {
  advanced(step: number): void;
  saved(checkpoint: Checkpoint): Promise<void>;
}

function carryOut(worker: Worker, module: string, job: Job, told: Told, signal: AbortSignal): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    let saving = Promise.resolve();
    const settle = (outcome: () => void) => {
      worker.off("message", onMessage).off("error", onError).off("exit", onExit);
      signal.removeEventListener("abort", onAbort);
      outcome();
    };
    const fail = (error: Error) => settle(() => saving.catch(() => {}).then(() => reject(error)));
    const onMessage = (reply: RunReply) => {
      if (reply.kind === "progress") told.advanced(reply.step);
      else if (reply.kind === "finished") settle(() => saving.then(() => resolve(reply.result), fail));
      else {
        saving = saving.then(() => told.saved(reply.checkpoint));
        saving.catch(fail);
      }
    };
    const onError = (error: Error) => fail(new Error(`${job.label}: ${error.message}`, { cause: error }));
    const onExit = (code: number) =>
      fail(new Error(`${job.label}: its worker thread ended with code ${code} before the run did`));
    const onAbort = () => fail(new InterruptedError("interrupted"));
    worker.on("message", onMessage).on("error", onError).on("exit", onExit);
    signal.addEventListener("abort", onAbort);
    const { spec, input, checkpoint } = job;
    worker.postMessage({ module, spec, input, checkpoint } satisfies RunRequest);
  });
}
