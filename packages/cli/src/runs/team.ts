/** One training at a time, on all processes of a team: its leader has the list, the others follow. */
import type { SharedData } from "../datasets/shared.ts";
import { InterruptedError } from "../errors.ts";
import type { Team } from "../team/team.ts";
import type { runPool } from "./pool.ts";
import type { RunSpec, TrainingSpec } from "./spec.ts";
import { runTraining } from "./training.ts";

/** For the leader: as `runPool`. Runs have to be trainings. */
export function teamPool(team: Team): typeof runPool {
  return async (jobs, data, _threads, listener, signal) => {
    for (const job of jobs) {
      if (signal.aborted) throw new InterruptedError("interrupted");
      listener.started(0, job);
      const spec = await team.once(async () => checked(job.spec));
      const result = await runTraining(spec, data, (step) => listener.advanced(0, job, step), { team, signal });
      await listener.finished(0, job, result);
    }
  };
}

/** For the others: carries out what the leader says, until `dismiss`. */
export async function follow(team: Team, data: SharedData, signal: AbortSignal): Promise<void> {
  for (;;) {
    const spec = await team.once<TrainingSpec | null>(async () => null);
    if (!spec) return;
    try {
      await runTraining(spec, data, () => {}, { team, signal });
    } catch (error) {
      if (!(error instanceof InterruptedError)) throw error;
    }
  }
}

/** For the leader, whose list is done. */
export async function dismiss(team: Team): Promise<void> {
  await team.once(async () => null);
}

function checked(spec: RunSpec): TrainingSpec {
  if (spec.kind !== "training") throw new Error(`expected a training for a team, got a run of the kind ${spec.kind}`);
  return spec;
}
