import { cosine, type Dataset, decayWeightsOnly, type Layer, type Schedule, SGD, Trainer, warmup } from "batchnorm";
import type { Team } from "../team/team.ts";
import type { Prepared } from "./data.ts";
import type { RunFolder, StoredRun } from "./folder.ts";
import {
  afterEpoch,
  afterStep,
  EMPTY_JOURNAL,
  type EpochRow,
  type EpochTime,
  type Journal,
  withLossPoint,
} from "./journal.ts";
import type { Settings } from "./settings.ts";

/** How many steps a run takes. */
export interface Extent {
  readonly epochs: number;
  readonly stepsPerEpoch: number;
  readonly batchSize: number;
}

/** Shows a person how far a run is. */
export interface TrainingProgress {
  /** before anything else; `step` steps were taken by earlier calls */
  begin(extent: Extent, step: number): void;
  stepped(step: number): void;
  measuring(): void;
  finished(row: EpochRow, time: EpochTime): void;
  /** at the end, whatever it is */
  end(): void;
}

export interface RunRequest {
  readonly settings: Settings;
  readonly model: Layer;
  readonly data: Prepared;
  readonly folder: RunFolder;
  /** what an earlier call left, to go on from */
  readonly stored: StoredRun | null;
  readonly threads: number;
  readonly progress: TrainingProgress;
  readonly signal: AbortSignal;
  /** who trains it */
  readonly team: Team;
}

/** How a run ended. */
export interface Outcome {
  readonly journal: Journal;
  readonly end: "finished" | "interrupted" | "diverged";
}

/** Images per forward pass while measuring. */
const MEASURING_BATCH = 100;
/** In so many parts the test images are measured; between two, Ctrl-C is heard. The trainer keeps these and the training images. */
const MEASURING_PARTS = 3;

/** The last, incomplete batch of an epoch is left out. */
export function extentOf({ epochs, batchSize, trainImages }: Settings): Extent {
  return { epochs, batchSize, stepsPerEpoch: Math.floor(trainImages / batchSize) };
}

/**
 * Trains and measures, epoch by epoch, with a checkpoint after each and when the signal is aborted. A run that was
 * interrupted and goes on from its checkpoint gives the same bits as one that was not, on any number of threads.
 *
 * A loss that is not finite ends the run; the checkpoint is then still that of the last whole epoch.
 *
 * @throws InputError when the checkpoint to go on from is damaged or another run's
 */
export async function carryOut(request: RunRequest): Promise<Outcome> {
  const { settings, model, folder, stored, threads, progress, team } = request;
  const { learningRate, momentum, nesterov, weightDecay, seed } = settings;
  const optimizer = new SGD({ lr: learningRate, momentum, nesterov, groups: decayWeightsOnly(model, weightDecay) });
  const schedule = scheduleOf(extentOf(settings));
  const trainer = new Trainer(model, { optimizer, schedule, threads, seed, shards: team.shards });
  try {
    const checkpoint = stored && (await team.onceBytes(() => folder.readCheckpoint()));
    const journal = stored && checkpoint ? await folder.restore(trainer, stored, checkpoint) : EMPTY_JOURNAL;
    progress.begin(extentOf(settings), journal.step);
    return await trainAll(request, trainer, journal);
  } finally {
    progress.end();
    await trainer.close();
  }
}

async function trainAll(request: RunRequest, trainer: Trainer, from: Journal): Promise<Outcome> {
  const { settings, data, folder, progress, team } = request;
  let journal = from;
  while (journal.epochs.length < settings.epochs) {
    const trained = await trainEpoch(request, trainer, journal);
    if (trained.end === "diverged") return trained;
    journal = trained.journal;
    progress.measuring();
    const started = performance.now();
    const measured = await measure(trainer, data.test, request);
    if (measured) {
      journal = afterEpoch(journal, settings.batchSize, measured, (performance.now() - started) / 1000);
      progress.finished(journal.epochs.at(-1) as EpochRow, journal.times.at(-1) as EpochTime);
    }
    if (team.leads) await folder.save(trainer, settings, journal);
    if (!measured) return { journal, end: "interrupted" };
  }
  return { journal: withLossPoint(journal), end: "finished" };
}

/** Trains up to the end of the epoch that the journal is in, or until the signal is aborted. */
async function trainEpoch(request: RunRequest, trainer: Trainer, from: Journal): Promise<Outcome> {
  const { settings, data, progress, signal, team } = request;
  const { batchSize } = settings;
  const started = performance.now();
  let journal = from;
  // Every step is reported, so that sums are whole wherever the run is interrupted.
  for await (const step of trainer.fit(data.train, { epochs: from.epochs.length + 1, batchSize, every: 1, signal })) {
    if (!Number.isFinite(step.loss)) return { journal: withLossPoint(journal), end: "diverged" };
    journal = afterStep(journal, { ...step, correct: Math.round(step.accuracy * batchSize) });
    progress.stepped(step.step);
  }
  journal = { ...journal, seconds: journal.seconds + (performance.now() - started) / 1000 };
  return { journal, end: team.any(signal.aborted) ? "interrupted" : "finished" };
}

/** Loss and accuracy on the test images; null when the signal was aborted before all were seen. */
async function measure(trainer: Trainer, test: Dataset, { signal, team }: RunRequest) {
  let loss = 0;
  let correct = 0;
  const each = Math.ceil(test.length / MEASURING_PARTS);
  for (let from = 0; from < test.length; from += each) {
    await new Promise((resolve) => setImmediate(resolve));
    if (team.any(signal.aborted)) return null;
    const part = test.slice(from, Math.min(from + each, test.length));
    const measured = await trainer.evaluate(part, { batchSize: MEASURING_BATCH });
    loss += measured.loss * part.length;
    correct += measured.accuracy * part.length;
  }
  return { loss: loss / test.length, accuracy: Math.round(correct) / test.length };
}

/** Up over the first epoch, or the first tenth of a run of less than ten; then down along a cosine to almost nothing. */
function scheduleOf({ epochs, stepsPerEpoch }: Extent): Schedule {
  const all = epochs * stepsPerEpoch;
  const steps = Math.min(stepsPerEpoch, Math.floor(all / 10));
  return warmup({ steps, after: cosine({ steps: all - steps }) });
}
