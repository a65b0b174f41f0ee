import { EMPTY_JOURNAL, type Measured } from "../training/journal.ts";
import { type Course, carryOut, type Outcome } from "../training/loop.ts";
import { packCheckpoint, resumeFrom } from "./checkpoint.ts";
import type { RunContext } from "./kind.ts";
import type { RunSpec } from "./spec.ts";

/**
 * A training that is kept on its way, with a checkpoint after every pass over the data. From a checkpoint it goes on to
 * the same numbers, bit for bit; a damaged one is not used, and the run begins anew.
 */
export async function carryOutKept<Point extends Measured>(
  spec: RunSpec,
  course: Omit<Course<Point>, "steps" | "every" | "team" | "signal" | "stepped" | "save">,
  { checkpoint, team, signal, advanced, saved }: RunContext,
): Promise<Outcome<Point>> {
  const { trainer } = course;
  const from = (checkpoint && (await resumeFrom<Point>(checkpoint, trainer))) ?? EMPTY_JOURNAL;
  advanced(trainer.stepCount);
  return carryOut<Point>(
    {
      ...course,
      steps: spec.steps,
      team,
      signal,
      stepped: advanced,
      save: async (journal) => saved(await packCheckpoint(trainer, spec, journal)),
    },
    from,
  );
}
