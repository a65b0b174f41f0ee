import type { Mnist } from "../datasets/mnist.ts";
import { runPool } from "./pool.ts";
import { type Job, type ResultOf, type RunResult, type RunSpec, specHash } from "./spec.ts";
import type { RunStore } from "./store.ts";

/** Shows a person how far a list of runs is. */
export interface Progress {
  /** `kept` runs were finished by an earlier call; `jobs` are those still to do, `slots` of them at a time */
  begin(jobs: readonly Job[], kept: number, slots: number): void;
  started(slot: number, job: Job): void;
  advanced(slot: number, job: Job, step: number): void;
  finished(slot: number, job: Job, result: RunResult): void;
  end(): void;
}

export interface LaboratoryOptions {
  readonly mnist: Mnist;
  readonly store: RunStore;
  /** runs carried out at a time */
  readonly threads: number;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** Where experiments have their runs done: in parallel, each only once, each kept as soon as it is finished. */
export class Laboratory {
  readonly mnist: Mnist;
  readonly #options: LaboratoryOptions;

  constructor(options: LaboratoryOptions) {
    this.mnist = options.mnist;
    this.#options = options;
  }

  /**
   * The results of the given runs, in their order. Runs that the store has are not repeated, and a spec that
   * stands in the list twice is carried out once.
   *
   * @throws InterruptedError when the signal is aborted; the finished runs stay in the store
   */
  async run<Spec extends RunSpec>(jobs: readonly Job<Spec>[]): Promise<ResultOf<Spec>[]> {
    const { mnist, store, threads, progress, signal } = this.#options;
    const results = new Map<string, ResultOf<Spec>>();
    const missing = new Map<string, Job<Spec>>();
    for (const job of jobs) {
      const hash = specHash(job.spec);
      const stored = await store.read(job.spec);
      if (stored) results.set(hash, stored);
      else missing.set(hash, job);
    }
    if (missing.size > 0) {
      const todo = [...missing.values()];
      progress.begin(todo, results.size, Math.min(threads, todo.length));
      const listener = {
        started: progress.started.bind(progress),
        advanced: progress.advanced.bind(progress),
        finished: async (slot: number, job: Job, result: RunResult) => {
          await store.write(job.spec, result);
          results.set(specHash(job.spec), result as ResultOf<Spec>);
          progress.finished(slot, job, result);
        },
      };
      try {
        await runPool(todo, mnist, threads, listener, signal);
      } finally {
        progress.end();
      }
    }
    return jobs.map((job) => results.get(specHash(job.spec)) as ResultOf<Spec>);
  }
}
