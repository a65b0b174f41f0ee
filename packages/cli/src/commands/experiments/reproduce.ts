import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { writeAtomically } from "batchnorm/node";
import { loadCifar10 } from "../../datasets/cifar10.ts";
import { loadMnist } from "../../datasets/mnist.ts";
import type { SharedData } from "../../datasets/shared.ts";
import { InterruptedError } from "../../errors.ts";
import type { Experiment } from "../../experiments/experiment.ts";
import type { Figure } from "../../report/svg.ts";
import { recordedJson } from "../../results/json.ts";
import type { Recorded } from "../../results/recorded.ts";
import type { RunKind } from "../../runs/kind.ts";
import { Laboratory } from "../../runs/laboratory.ts";
import { RunStore } from "../../runs/store.ts";
import { dismiss, follow, teamPool } from "../../runs/team.ts";
import type { Team } from "../../team/team.ts";
import { together } from "../../team/together.ts";
import { progressFor } from "../../terminal/progress.ts";
import { interruptible } from "../interrupt.ts";
import { flagsIn, type ReproduceOptions } from "./options.ts";

/** Does an experiment, or only what is left of it, and writes its report, figures and numbers. */
export async function reproduce(experiment: Experiment, options: ReproduceOptions): Promise<void> {
  // Before MPI is there: once its library is loaded, Node follows no links of node_modules, and loads modules twice.
  const modules = await loaded(experiment);
  const shared = (await experiment.shared?.())?.kind;
  await together(options.mpi, async (team) => {
    const load = experiment.images === "CIFAR-10" ? loadCifar10 : loadMnist;
    const data = await team.each(() => load(options.data));
    await interruptible(async (signal) => {
      if (team.leads) await lead({ team, shared, experiment, modules, data, options, signal });
      else if (shared) await follow(team, shared, data, signal);
    });
  });
}

/** All that index.ts leaves for later. */
async function loaded(experiment: Experiment) {
  const [run, figures, page] = await Promise.all([experiment.run(), experiment.figures(), experiment.page()]);
  return { ...run, ...figures, ...page };
}

interface Work {
  readonly team: Team;
  /** the kind of run that all of the team know */
  readonly shared: RunKind | undefined;
  readonly experiment: Experiment;
  readonly modules: Awaited<ReturnType<typeof loaded>>;
  readonly data: SharedData;
  readonly options: ReproduceOptions;
  readonly signal: AbortSignal;
}

async function lead({ team, shared, experiment, modules, data, options, signal }: Work): Promise<void> {
  const { seed, quick = false, steps, fresh, threads } = options;
  const out = options.out ?? (quick ? join("out", "quick") : "out");
  const store = new RunStore(out, fresh);
  const pool = shared && team.size > 1 ? teamPool(team, shared) : undefined;
  try {
    const laboratory = new Laboratory({
      data,
      store,
      threads: pool ? 1 : threads,
      progress: progressFor(process.stderr),
      note: (line) => process.stderr.write(`${line}\n`),
      signal,
      pool,
    });
    const request = { seed, quick, steps, flags: flagsIn(options, experiment) };
    const results = await modules.run(laboratory, experiment.sizes[quick ? "quick" : "full"], request);
    const extras = modules.extras?.(results, request) ?? {};
    const figures = modules.figures(results);
    const report = await write(out, experiment.name, { results, extras, figures, page: modules.page(results) });
    process.stdout.write(`${modules.summary(results).join("\n")}\nReport: ${report}\n`);
  } catch (error) {
    if (!(error instanceof InterruptedError)) throw error;
    const again = fresh ? "The same command without --fresh" : "The same command";
    const checkpoints = (await store.hasCheckpoints()) ? ", and checkpoints of those under way," : "";
    throw new InterruptedError(
      `Interrupted. Finished trainings${checkpoints} are kept in ${store.directory}. ${again} continues with the others.`,
      { cause: error },
    );
  } finally {
    await dismiss(team);
  }
}

interface Written {
  readonly results: Recorded<string>;
  readonly extras: Record<string, unknown>;
  readonly figures: readonly Figure[];
  readonly page: string;
}

/** Writes the report last: where it is, everything is. */
async function write(out: string, name: string, { results, extras, figures, page }: Written): Promise<string> {
  await mkdir(out, { recursive: true });
  const report = join(out, `${name}.html`);
  const files: [string, string][] = [
    [`${name}.json`, recordedJson(results)],
    ...Object.entries(extras).map(([file, content]): [string, string] => [file, recordedJson(content)]),
    ...figures.map((figure): [string, string] => [`${figure.name}.svg`, figure.svg]),
  ];
  for (const [file, text] of files) await writeAtomically(join(out, file), text);
  await writeAtomically(report, page);
  return report;
}
