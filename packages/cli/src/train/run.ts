import { cosine, type Dataset, decayWeightsOnly, type Layer, type Schedule, SGD, Trainer, warmup } from "batchnorm";
import type { Team } from "../team/team.ts";
import { EMPTY_JOURNAL, type Time, withLossPoint } from "../training/journal.ts";
import { carryOut, type Outcome } from "../training/loop.ts";
import type { Prepared } from "./data.ts";
import { type EpochRow, epochRow } from "./epoch.ts";
import type { RunFolder, StoredRun } from "./folder.ts";
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
  finished(row: EpochRow, time: Time): void;
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
export async function trainModel(request: RunRequest): Promise<Outcome<EpochRow>> {
  const { settings, model, data, folder, stored, threads, progress, signal, team } = request;
  const { learningRate, momentum, nesterov, weightDecay, batchSize, seed } = settings;
  const extent = extentOf(settings);
  const optimizer = new SGD({ lr: learningRate, momentum, nesterov, groups: decayWeightsOnly(model, weightDecay) });
  const trainer = new Trainer(model, { optimizer, schedule: scheduleOf(extent), threads, seed, shards: team.shards });
  try {
    const checkpoint = stored && (await team.onceBytes(() => folder.readCheckpoint()));
    const from = stored && checkpoint ? await folder.restore(trainer, stored, checkpoint) : EMPTY_JOURNAL;
    progress.begin(extent, from.step);
    const outcome = await carryOut<EpochRow>(
      {
        trainer,
        data: data.train,
        steps: extent.epochs * extent.stepsPerEpoch,
        batchSize,
        team,
        signal,
        stepped: (step) => progress.stepped(step),
        measuresAt: (step) => step % extent.stepsPerEpoch === 0,
        async measure(journal) {
          progress.measuring();
          const test = await measure(trainer, data.test, request);
          return test && epochRow(journal, batchSize, test);
        },
        measured: ({ points, times }) => progress.finished(points.at(-1) as EpochRow, times.at(-1) as Time),
        async save(journal) {
          if (team.leads) await folder.save(trainer, settings, journal);
        },
      },
      from,
    );
    return outcome.end === "interrupted" ? outcome : { ...outcome, journal: withLossPoint(outcome.journal) };
  } finally {
    progress.end();
    await trainer.close();
  }
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
