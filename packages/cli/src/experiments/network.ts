import type { SharedData } from "../datasets/shared.ts";
import type { TrainingPoint, TrainingResult, TrainingSpec } from "../runs/spec.ts";

/** The paper's network (§4.1): three hidden layers of 100 sigmoids; 60 images a step. */
export const PAPER = {
  hidden: [100, 100, 100],
  batchSize: 60,
  steps: 50_000,
} as const;

/** A learning rate and the standard deviation of the Gaussian that the weights are drawn from. */
export interface Setting {
  readonly learningRate: number;
  readonly sigma: number;
}

/** One network's training as it is recorded: its setting and what was measured. */
export interface Curve extends Setting {
  readonly batchNorm: boolean;
  readonly points: readonly TrainingPoint[];
  readonly divergedAt: number | null;
  readonly seconds: number;
}

type Required = "batchNorm" | "learningRate" | "sigma" | "steps" | "seed";

/** A run of the paper's network that learns from all training images and is measured at its end on the test. */
export function trainingSpec(
  data: SharedData,
  choices: Pick<TrainingSpec, Required> & Partial<Omit<TrainingSpec, Required | "kind" | "data">>,
): TrainingSpec {
  return {
    kind: "training",
    data: data.fingerprint,
    trainOn: "all",
    measureOn: ["test"],
    hidden: PAPER.hidden,
    batchSize: PAPER.batchSize,
    measureAt: [choices.steps],
    watchedUnit: null,
    ...choices,
  };
}

/** Puts a run and its result together for the record. */
export function curve(spec: TrainingSpec, result: TrainingResult): Curve {
  const { batchNorm, learningRate, sigma } = spec;
  const { points, divergedAt, seconds } = result;
  return { batchNorm, learningRate, sigma, points, divergedAt, seconds };
}

/** The accuracy with which a run ended, 0 to 1: what was measured last on the given images. */
export function finalAccuracy(result: Pick<TrainingResult, "points">, part: "test" | "held-out"): number {
  const accuracy = result.points.at(-1)?.accuracy[part];
  if (accuracy === undefined) throw new Error(`finalAccuracy: the run was not measured on the ${part} images`);
  return accuracy;
}

/** What progress bars call a run of the network. */
export function networkLabel(batchNorm: boolean, setting: Setting): string {
  return `${batchNorm ? "with BN" : "without BN"}, lr ${setting.learningRate}, σ ${setting.sigma}`;
}
