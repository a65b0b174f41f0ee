import { join } from "node:path";
import { type Layer, synchronize } from "batchnorm";
import { writeSafetensors } from "batchnorm/formats";
import { writeAtomically } from "batchnorm/node";
import { InputError, InterruptedError } from "../../errors.ts";
import { recordedJson } from "../../results/json.ts";
import type { Team } from "../../team/team.ts";
import { together } from "../../team/together.ts";
import { epochProgress } from "../../terminal/epochs.ts";
import { SILENT } from "../../terminal/silent.ts";
import { prepare } from "../../train/data.ts";
import { figures } from "../../train/figures.ts";
import { RunFolder, type StoredRun } from "../../train/folder.ts";
import { findModel } from "../../train/models.ts";
import { page, summary } from "../../train/page.ts";
import { type TrainingResults, trainingResults } from "../../train/results.ts";
import { extentOf, trainModel } from "../../train/run.ts";
import { checkSame, checkSameData, newSettings } from "../../train/settings.ts";
import { findSource } from "../../train/sources.ts";
import { integer } from "../../words.ts";
import { interruptible } from "../interrupt.ts";
import type { TrainOptions } from "./options.ts";

/** Trains a model on a data set, or goes on where an earlier call was interrupted, and writes what came out. */
export function train(name: string, options: TrainOptions): Promise<void> {
  return together(options.mpi, (team) => trainIn(team, name, options));
}

async function trainIn(team: Team, name: string, options: TrainOptions): Promise<void> {
  const model = findModel(name);
  const source = findSource(options.dataset, model);
  const folder = new RunFolder(options.out ?? join("out", "train", `${name}-${options.dataset}`));
  const stored = await team.once(() => storedRun(folder, name, options));
  const images = await team.each(() => source.load(options.data));
  const settings = await team.once(async () => stored?.settings ?? newSettings(model, source, images, options));
  await team.each(async () => checkSameData(settings, images, folder.path));
  const data = prepare(images, source, model, settings);
  const network = synchronize(model.build({ ...settings, channels: source.shape[2] }), team.shards);
  if (!stored) await team.once(() => folder.clear());

  const { threads = team.threads } = options;
  const progress = team.leads ? epochProgress(process.stderr) : SILENT;
  await interruptible(async (signal) => {
    const request = { settings, model: network, data, folder, stored, threads, progress, signal, team };
    const outcome = await trainModel(request);
    if (outcome.end === "interrupted") {
      const { epochs, stepsPerEpoch } = extentOf(settings);
      throw new InterruptedError(
        `Interrupted after step ${integer(outcome.journal.step)} of ${integer(epochs * stepsPerEpoch)}; the checkpoint is ${folder.checkpoint}. ${again(options)} goes on from there.`,
      );
    }
    if (!team.leads) return;
    const parameters = network.parameters().reduce((sum, { size }) => sum + size, 0);
    const run = { settings, source, images, data, parameters, threads, ranks: team.size };
    const results = trainingResults(run, outcome);
    const report = await write(folder.path, results, outcome.end === "finished" ? network : null);
    process.stdout.write(`${summary(results).join("\n")}\nReport: ${report}\n`);
    if (outcome.end === "diverged") process.exitCode = 1;
  });
}

/** What there is to go on from; null for a new run. @throws InputError when that is not what the user asked for */
async function storedRun(folder: RunFolder, model: string, options: TrainOptions): Promise<StoredRun | null> {
  const there = await folder.hasCheckpoint();
  if (options.resume && !there) {
    throw new InputError(`${folder.path}: has no checkpoint to go on from; leave out --resume to start a run there`);
  }
  if (!options.resume && !options.fresh && there) {
    throw new InputError(
      `${folder.path}: has the checkpoint of an earlier run; --resume goes on from it, --fresh starts anew, --out takes another folder`,
    );
  }
  if (!options.resume) return null;
  const stored = await folder.stored();
  checkSame(stored.settings, { ...options, model }, folder.path);
  return stored;
}

function again({ resume, fresh }: TrainOptions): string {
  if (resume) return "The same command";
  return fresh ? "The same command with --resume instead of --fresh" : "The same command with --resume";
}

/** Writes the report last: where it is, everything is. @param network  null when its weights are worth nothing */
async function write(folder: string, results: TrainingResults, network: Layer | null): Promise<string> {
  const report = join(folder, "report.html");
  if (network) {
    const { model, dataset } = results.settings;
    const metadata = { model, dataset, batchnorm: results.software.batchnorm };
    const bytes = writeSafetensors({ tensors: network.stateDict(), metadata });
    await writeAtomically(join(folder, "model.safetensors"), bytes);
  }
  await writeAtomically(join(folder, "train.json"), recordedJson(results));
  for (const { name, svg } of figures(results)) await writeAtomically(join(folder, `${name}.svg`), svg);
  await writeAtomically(report, page(results));
  return report;
}
