import type { Job } from "../runs/spec.ts";

/** How far one run, or all of them, are. */
export interface Reading {
  readonly done: number;
  readonly total: number;
  /** steps a second */
  readonly rate: number;
  readonly secondsLeft: number;
}

interface Slot {
  readonly total: number;
  /** steps that an earlier call did */
  readonly before: number;
  readonly since: number;
  done: number;
}

/** Counts steps: of the run in each slot and of all runs together. */
export class Meter {
  readonly #now: () => number;
  readonly #since: number;
  readonly #slots = new Map<number, Slot>();
  #total: number;
  #finished = 0;
  /** steps of all runs that earlier calls did, and those of the runs that have not started again */
  readonly #before: number;
  #waiting: number;

  /** @param now  the time in seconds */
  constructor(jobs: readonly Job[], now: () => number = () => performance.now() / 1000) {
    this.#now = now;
    this.#since = now();
    this.#total = jobs.reduce((sum, job) => sum + job.spec.steps, 0);
    this.#before = jobs.reduce((sum, job) => sum + stepsBefore(job), 0);
    this.#waiting = this.#before;
  }

  start(slot: number, job: Job): void {
    const before = stepsBefore(job);
    this.#waiting -= before;
    this.#slots.set(slot, { total: job.spec.steps, before, since: this.#now(), done: before });
  }

  advance(slot: number, step: number): void {
    const run = this.#slots.get(slot);
    if (run) run.done = step;
  }

  /** Steps that a diverged run leaves out count neither as done nor as left. */
  finish(slot: number, stepsDone: number): void {
    const run = this.#slots.get(slot);
    if (!run) return;
    this.#finished += stepsDone;
    this.#total -= run.total - stepsDone;
    this.#slots.delete(slot);
  }

  slot(slot: number): Reading | undefined {
    const run = this.#slots.get(slot);
    return run && reading(run.done, run.total, run.before, this.#now() - run.since);
  }

  all(): Reading {
    let done = this.#finished + this.#waiting;
    for (const run of this.#slots.values()) done += run.done;
    return reading(done, this.#total, this.#before, this.#now() - this.#since);
  }
}

/** Steps that an earlier call did of a run. */
export function stepsBefore(job: Job): number {
  return job.checkpoint?.step ?? 0;
}

function reading(done: number, total: number, before: number, seconds: number): Reading {
  const rate = seconds > 0 ? (done - before) / seconds : 0;
  return {
    done,
    total,
    rate,
    secondsLeft: rate > 0 ? (total - done) / rate : Number.POSITIVE_INFINITY,
  };
}
