import type { SharedData } from "../datasets/shared.ts";
import type { RunKind } from "./kind.ts";
import { runPool } from "./pool.ts";
import { type Checkpoint, type Job, type RunResult, type RunSpec, specHash } from "./spec.ts";
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
  /** what all runs learn from and are measured on */
  readonly data: SharedData;
  readonly store: RunStore;
  /** runs carried out at a time */
  readonly threads: number;
  readonly progress: Progress;
  /** tells the user something, in a line */
  readonly note: (line: string) => void;
  readonly signal: AbortSignal;
  /** who carries runs out; worker threads by default */
  readonly pool?: typeof runPool | undefined;
}

/** Where experiments have their runs done: in parallel, each only once, each kept as soon as it is finished. */
export class Laboratory {
  readonly data: SharedData;
  readonly #options: LaboratoryOptions;

  constructor(options: LaboratoryOptions) {
    this.data = options.data;
    this.#options = options;
  }

  /** Tells the user something, in a line. */
  note(line: string): void {
    this.#options.note(line);
  }

  /** The same laboratory for runs on other data. */
  on(data: SharedData): Laboratory {
    return new Laboratory({ ...this.#options, data });
  }

  /**
   * The results of the given runs of a kind, in their order. Runs that the store has are not repeated, those that it has a
   * checkpoint of go on from there, and a spec that stands in the list twice is carried out once.
   *
   * @throws InterruptedError when the signal is aborted; finished runs and checkpoints stay in the store
   */
  async run<Spec extends RunSpec, Result extends RunResult>(
    kind: RunKind<Spec, Result>,
    jobs: readonly Job<Spec>[],
  ): Promise<Result[]> {
    const { data, store, threads, progress, signal, pool = runPool } = this.#options;
    const results = new Map<string, Result>();
    const missing = new Map<string, Job<Spec>>();
    for (const job of jobs) {
      if (job.spec.data !== data.fingerprint) throw new Error(`${job.label}: is a run on other data than ${data.name}`);
      const hash = specHash(job.spec);
      const stored = await store.read<Result>(job.spec);
      if (stored) {
        results.set(hash, stored);
        // A command that was killed in the moment when its run was finished left both.
        await store.removeCheckpoint(job.spec);
      } else missing.set(hash, { ...job, checkpoint: await store.readCheckpoint(job.spec) });
    }
    if (missing.size > 0) {
      const todo = [...missing.values()];
      progress.begin(todo, results.size, Math.min(threads, todo.length));
      const listener = {
        started: progress.started.bind(progress),
        advanced: progress.advanced.bind(progress),
        saved: (_slot: number, { spec }: Job, checkpoint: Checkpoint) => store.writeCheckpoint(spec, checkpoint),
        finished: async (slot: number, job: Job, result: RunResult) => {
          await store.write(job.spec, result);
          results.set(specHash(job.spec), result as Result);
          progress.finished(slot, job, result);
        },
      };
      try {
        await pool(kind, todo, data, threads, listener, signal);
      } finally {
        progress.end();
      }
    }
    return jobs.map((job) => results.get(specHash(job.spec)) as Result);
  }
}
