import type { Checkpoint, Job, RunResult } from "./spec.ts";

/** What the command sends to a worker: the next run to carry out, and the module of its kind. */
export interface RunRequest extends Omit<Job, "label"> {
  readonly module: string;
}

/** What a worker answers: how far it is, then the result. A failure is thrown and ends the worker. */
export type RunReply =
  | { readonly kind: "progress"; readonly step: number }
  | { readonly kind: "checkpoint"; readonly checkpoint: Checkpoint }
  | { readonly kind: "finished"; readonly result: RunResult };
