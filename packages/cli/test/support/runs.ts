import type { RunContext } from "#dist/runs/kind.js";
import type { Checkpoint } from "#dist/runs/spec.js";
import { ALONE } from "#dist/team/team.js";

/** What a run in a test is carried out with: by one process that tells nobody. */
export function alone(choices: Partial<RunContext> = {}): RunContext {
  return { advanced() {}, saved() {}, team: ALONE, ...choices };
}

/** As `alone`, and writes down what is told. */
export function noting(checkpoint?: Checkpoint) {
  const steps: number[] = [];
  const checkpoints: Checkpoint[] = [];
  const context = alone({
    checkpoint,
    advanced: (step) => steps.push(step),
    saved: (saved) => checkpoints.push(saved),
  });
  return { context, steps, checkpoints };
}
