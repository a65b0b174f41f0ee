import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { writeAtomically } from "batchnorm/node";
import { loadCifar10 } from "../../datasets/cifar10.ts";
import { loadMnist } from "../../datasets/mnist.ts";
import type { SharedData } from "../../datasets/shared.ts";
import { InterruptedError } from "../../errors.ts";
import type { Experiment } from "../../experiments/experiment.ts";
import { recordedJson } from "../../results/json.ts";
import type { Request } from "../../results/recorded.ts";
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
export function reproduce(experiment: Experiment, options: ReproduceOptions): Promise<void> {
  return together(options.mpi, async (team) => {
    const load = experiment.images === "CIFAR-10" ? loadCifar10 : loadMnist;
    const data = await team.each(() => load(options.data));
    const shared = options.mpi ? await experiment.shared?.() : undefined;
    await interruptible(async (signal) => {
      if (team.leads) await lead({ team, shared: shared?.kind, experiment, data, options, signal });
      else if (shared) await follow(team, shared.kind, data, signal);
    });
  });
}

interface Work {
  readonly team: Team;
  /** the kind of run that all of the team know */
  readonly shared: RunKind | undefined;
  readonly experiment: Experiment;
  readonly data: SharedData;
  readonly options: ReproduceOptions;
  readonly signal: AbortSignal;
}

async function lead({ team, shared, experiment, data, options, signal }: Work): Promise<void> {
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
    process.stdout.write(await carryOut(experiment, laboratory, request, out));
  } catch (error) {
    if (!(error instanceof InterruptedError)) throw error;
    const again = fresh ? "The same command without --fresh" : "The same command";
    const checkpoints = (await store.hasCheckpoints()) ? ", and checkpoints of those under way," : "";
    throw new InterruptedError(
      `Interrupted. Finished trainings${checkpoints} are kept in ${store.directory}. ${again} continues with the others.`,
    );
  } finally {
    await dismiss(team);
  }
}

/** Writes the report last: where it is, everything is. @returns what the terminal says at the end */
async function carryOut(
  { name, sizes, ...modules }: Experiment,
  laboratory: Laboratory,
  request: Request,
  out: string,
): Promise<string> {
  const { run, extras } = await modules.run();
  const results = await run(laboratory, sizes[request.quick ? "quick" : "full"], request);
  const [{ figures }, { page, summary }] = await Promise.all([modules.figures(), modules.page()]);
  const report = join(out, `${name}.html`);
  const files = new Map([[`${name}.json`, recordedJson(results)]]);
  for (const [file, content] of Object.entries(extras?.(results, request) ?? {}))
    files.set(file, recordedJson(content));
  for (const figure of figures(results)) files.set(`${figure.name}.svg`, figure.svg);
  await mkdir(out, { recursive: true });
  for (const [file, text] of files) await writeAtomically(join(out, file), text);
  await writeAtomically(report, page(results));
  return `${summary(results).join("\n")}\nReport: ${report}\n`;
}
