import type { RunResult, RunSpec } from "./spec.ts";

/** What the command sends to a worker: the next run to carry out. */
export interface RunRequest {
  readonly spec: RunSpec;
}

/** What a worker answers: how far it is, then the result. A failure is thrown and ends the worker. */
export type RunReply =
  | { readonly kind: "progress"; readonly step: number }
  | { readonly kind: "finished"; readonly result: RunResult };
