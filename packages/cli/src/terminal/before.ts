import type { Job } from "../runs/spec.ts";
import { plural } from "../words.ts";

/** What earlier calls left, as a person is told: finished runs, and checkpoints of others. Empty when they left nothing. */
export function fromBefore(jobs: readonly Job[], kept: number): string {
  const begun = jobs.filter(({ checkpoint }) => checkpoint).length;
  return [
    ...(kept > 0 ? [`${plural(kept, "run")} from before kept`] : []),
    ...(begun > 0 ? [`${plural(begun, "run")} going on from a checkpoint`] : []),
  ].join(", ");
}
