import type { Checkpoint, RunResult, RunSpec } from "./spec.ts";

/** What the command sends to a worker: the next run to carry out, what it works on, and where to go on with it. */
export interface RunRequest {
  readonly spec: RunSpec;
  readonly weights: string | undefined;
  readonly checkpoint: Checkpoint | undefined;
}

/** What a worker answers: how far it is, then the result. A failure is thrown and ends the worker. */
export type RunReply =
  | { readonly kind: "progress"; readonly step: number }
  | { readonly kind: "checkpoint"; readonly checkpoint: Checkpoint }
  | { readonly kind: "finished"; readonly result: RunResult };

/** Where a run tells how far it is. */
export interface RunReporter {
  /** steps done, every now and then */
  advanced(step: number): void;
  /** something to go on from if the run is stopped */
  saved(checkpoint: Checkpoint): void;
}
