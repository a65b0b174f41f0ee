import { type Best, best, stepsTo } from "../../networks/accuracies.ts";
import { REFERENCE } from "./models.ts";
import type { InceptionResults, InceptionRun } from "./results.ts";

/** How a network did against Inception without batch norm. */
export interface Standing {
  readonly run: InceptionRun;
  readonly best: Best;
  readonly final: number;
  /** until it was as good as Inception ever was; null when it never was */
  readonly steps: number | null;
  /** how many times fewer steps that were than Inception's; null when it never was as good */
  readonly ratio: number | null;
}

export interface Race {
  /** the best of Inception, and when */
  readonly target: Best;
  /** in the order of the runs */
  readonly standings: readonly Standing[];
}

export function race({ runs }: Pick<InceptionResults, "runs">): Race {
  const reference = runs.find(({ name }) => name === REFERENCE);
  if (!reference) throw new Error(`race: expected a run of ${REFERENCE}`);
  const target = best(reference);
  const standings = runs.map((run) => {
    const steps = stepsTo(run, target.accuracy);
    const final = run.points.at(-1)?.accuracy.test ?? 0;
    return { run, best: best(run), final, steps, ratio: steps === null ? null : target.step / steps };
  });
  return { target, standings };
}

/** Of the networks that were as good as Inception, the one that was so first; undefined when none was. */
export function fastest({ standings }: Race): Standing | undefined {
  const others = standings.filter(({ run, steps }) => run.name !== REFERENCE && steps !== null);
  return others.toSorted((a, b) => (a.steps as number) - (b.steps as number))[0];
}
