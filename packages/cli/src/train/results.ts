import type { SharedData } from "../datasets/shared.ts";
import type { ChannelStatistics } from "../datasets/statistics.ts";
import { RESULTS_FORMAT } from "../results/recorded.ts";
import type { LossPoint, Time } from "../training/journal.ts";
import type { Outcome } from "../training/loop.ts";
import { version } from "../version.ts";
import type { Prepared } from "./data.ts";
import type { EpochRow } from "./epoch.ts";
import { extentOf } from "./run.ts";
import type { Settings } from "./settings.ts";
import type { Source } from "./sources.ts";

/** What train.json records. All but `software` and `timing` comes out the same when the run is repeated. */
export interface TrainingResults {
  readonly experiment: "train";
  readonly format: typeof RESULTS_FORMAT;
  readonly settings: Settings;
  readonly data: {
    readonly name: string;
    /** how many there are, of which `settings` says how many were used */
    readonly trainingImages: number;
    readonly testImages: number;
    /** height, width, channels */
    readonly shape: readonly number[];
    readonly normalization: ChannelStatistics | null;
  };
  /** numbers that were learned */
  readonly parameters: number;
  readonly stepsPerEpoch: number;
  readonly epochs: readonly EpochRow[];
  /** the step whose loss was not finite, where the run ended; null when there was none */
  readonly divergedAt: number | null;
  readonly losses: readonly LossPoint[];
  readonly software: { readonly batchnorm: string; readonly node: string };
  /** `ranks` where several processes trained it together, each with so many threads */
  readonly timing: { readonly ranks?: number; readonly threads: number; readonly epochs: readonly Time[] };
}

interface Run {
  readonly settings: Settings;
  readonly source: Source;
  readonly images: SharedData;
  readonly data: Prepared;
  readonly parameters: number;
  readonly threads: number;
  readonly ranks: number;
}

export function trainingResults(run: Run, { journal, divergedAt }: Outcome<EpochRow>): TrainingResults {
  const { settings, source, images, data, parameters, threads, ranks } = run;
  return {
    experiment: "train",
    format: RESULTS_FORMAT,
    settings,
    data: {
      name: images.name,
      trainingImages: images.train.length,
      testImages: images.test.length,
      shape: source.shape,
      normalization: data.normalization,
    },
    parameters,
    stepsPerEpoch: extentOf(settings).stepsPerEpoch,
    epochs: journal.points,
    divergedAt,
    losses: journal.losses,
    software: { batchnorm: version(), node: process.version },
    timing: { ...(ranks > 1 && { ranks }), threads, epochs: journal.times },
  };
}

/** The epoch with the highest test accuracy, the first of several; undefined before the first has ended. */
export function bestEpoch({ epochs }: TrainingResults): EpochRow | undefined {
  return epochs.reduce<EpochRow | undefined>(
    (best, row) => (best && best.testAccuracy >= row.testAccuracy ? best : row),
    undefined,
  );
}

/** Images a second of an epoch's training, without measuring. */
export function imagesPerSecond({ settings, stepsPerEpoch }: TrainingResults, time: Time): number {
  return (stepsPerEpoch * settings.batchSize) / time.training;
}
