/** One run at a time, on all processes of a team: its leader has the list, the others follow. */
import type { SharedData } from "../datasets/shared.ts";
import { InterruptedError } from "../errors.ts";
import type { Team } from "../team/team.ts";
import type { RunKind } from "./kind.ts";
import type { runPool } from "./pool.ts";
import type { RunSpec } from "./spec.ts";

/** For the leader: as `runPool`. @param shared  the kind that the others know; all runs have to be of it */
export function teamPool(team: Team, shared: RunKind): typeof runPool {
  return async (kind, jobs, data, _threads, listener, signal) => {
    if (kind.module !== shared.module) throw new Error(`expected runs of ${shared.module}, got some of ${kind.module}`);
    for (const job of jobs) {
      if (signal.aborted) throw new InterruptedError("interrupted");
      listener.started(0, job);
      const spec = await team.once(async () => job.spec);
      const advanced = (step: number) => listener.advanced(0, job, step);
      const result = await kind.carryOut(spec, data, { ...SILENT, advanced, team, signal });
      await listener.finished(0, job, result);
    }
  };
}

/** For the others: carries out what the leader says, until `dismiss`. */
export async function follow(team: Team, kind: RunKind, data: SharedData, signal: AbortSignal): Promise<void> {
  for (;;) {
    const spec = await team.once<RunSpec | null>(async () => null);
    if (!spec) return;
    try {
      await kind.carryOut(spec, data, { ...SILENT, team, signal });
    } catch (error) {
      if (!(error instanceof InterruptedError)) throw error;
    }
  }
}

/** For the leader, whose list is done. */
export async function dismiss(team: Team): Promise<void> {
  await team.once(async () => null);
}

const SILENT = { advanced() {}, saved() {} };
