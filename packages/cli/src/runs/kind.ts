import type { SharedData } from "../datasets/shared.ts";
import type { Team } from "../team/team.ts";
import type { Checkpoint, Job, RunResult, RunSpec } from "./spec.ts";

/** Where a run tells how far it is. */
export interface RunReporter {
  /** steps done, every now and then */
  advanced(step: number): void;
  /** something to go on from if the run is stopped */
  saved(checkpoint: Checkpoint): void;
}

/** What a run is carried out with. */
export interface RunContext extends RunReporter, Pick<Job, "input" | "checkpoint"> {
  /** who carries it out */
  readonly team: Team;
  /** stops it, on all of the team; without one it is stopped from outside */
  readonly signal?: AbortSignal;
}

/** How runs of a kind are carried out. */
export interface RunKind<Spec extends RunSpec = RunSpec, Result extends RunResult = RunResult> {
  /** The file that exports it as `kind`: its `import.meta.url`. Worker threads load it. */
  readonly module: string;
  /** @throws InterruptedError when the signal was aborted */
  carryOut(spec: Spec, data: SharedData, context: RunContext): Promise<Result>;
}
