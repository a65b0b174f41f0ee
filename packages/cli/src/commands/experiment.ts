import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { writeAtomically } from "batchnorm/node";
import type { SharedData } from "../datasets/shared.ts";
import { InterruptedError } from "../errors.ts";
import type { Figure } from "../report/svg.ts";
import { recordedJson } from "../results/json.ts";
import type { Recorded, Request } from "../results/recorded.ts";
import { Laboratory } from "../runs/laboratory.ts";
import { RunStore } from "../runs/store.ts";
import { dismiss, follow, teamPool } from "../runs/team.ts";
import type { Team } from "../team/team.ts";
import { progressFor } from "../terminal/progress.ts";
import type { ReproduceOptions } from "./options.ts";
import { together } from "./together.ts";

/** An experiment as the command sees it: how to do it and how to show what came out. */
export interface Experiment<Results extends Recorded<string>> {
  readonly name: string;
  /** the data set that it is about, or one of the same form in a folder of the user's */
  load(directory?: string): Promise<SharedData>;
  perform(laboratory: Laboratory, request: Request): Promise<Results>;
  figures(results: Results): Figure[];
  page(results: Results): string;
  summary(results: Results): string[];
  /** other files to record, by name */
  extras?(results: Results): Record<string, unknown>;
}

/** Does an experiment, or only what is left of it, and writes its report, figures and numbers. */
export function reproduce<Results extends Recorded<string>>(
  experiment: Experiment<Results>,
  options: ReproduceOptions,
): Promise<void> {
  return together(options.mpi, async (team) => {
    const data = await team.each(() => experiment.load(options.data));
    const interrupt = new AbortController();
    const onInterrupt = () => interrupt.abort();
    process.once("SIGINT", onInterrupt);
    try {
      if (team.leads) await lead(team, experiment, data, options, interrupt.signal);
      else await follow(team, data, interrupt.signal);
    } finally {
      process.off("SIGINT", onInterrupt);
    }
  });
}

async function lead<Results extends Recorded<string>>(
  team: Team,
  experiment: Experiment<Results>,
  data: SharedData,
  options: ReproduceOptions,
  signal: AbortSignal,
): Promise<void> {
  const out = options.out ?? (options.quick ? join("out", "quick") : "out");
  const store = new RunStore(out, options.fresh);
  try {
    const laboratory = new Laboratory({
      data,
      store,
      threads: team.size > 1 ? 1 : options.threads,
      progress: progressFor(process.stderr),
      signal,
      pool: team.size > 1 ? teamPool(team) : undefined,
    });
    const { seed, quick = false, steps } = options;
    const results = await experiment.perform(laboratory, {
      seed,
      quick,
      steps,
    });
    const report = await write(experiment, results, out);
    process.stdout.write(`${experiment.summary(results).join("\n")}\nReport: ${report}\n`);
  } catch (error) {
    if (!(error instanceof InterruptedError)) throw error;
    const again = options.fresh ? "The same command without --fresh" : "The same command";
    const checkpoints = (await store.hasCheckpoints()) ? ", and checkpoints of those under way," : "";
    throw new InterruptedError(
      `Interrupted. Finished trainings${checkpoints} are kept in ${store.directory}. ${again} continues with the others.`,
    );
  } finally {
    await dismiss(team);
  }
}

async function write<Results extends Recorded<string>>(
  experiment: Experiment<Results>,
  results: Results,
  out: string,
): Promise<string> {
  await mkdir(out, { recursive: true });
  const report = join(out, `${experiment.name}.html`);
  const files: Record<string, string> = {
    [`${experiment.name}.json`]: recordedJson(results),
  };
  for (const [name, content] of Object.entries(experiment.extras?.(results) ?? {})) files[name] = recordedJson(content);
  for (const { name, svg } of experiment.figures(results)) files[`${name}.svg`] = svg;
  for (const [name, text] of Object.entries(files)) await writeAtomically(join(out, name), text);
  await writeAtomically(report, experiment.page(results));
  return report;
}
