import type { SharedData } from "../../datasets/shared.ts";
import type { SigmoidsPoint, SigmoidsResult, SigmoidsSpec } from "./spec.ts";

/** The paper's network (§4.1): three hidden layers of 100 sigmoids; 60 images a step. */
export const PAPER = {
  hidden: [100, 100, 100],
  batchSize: 60,
} as const;

/** At most the last 10,000 training images, and never more than a sixth, are kept for choosing settings. */
export function heldOutCount(trainingImages: number): number {
  return Math.min(10_000, Math.floor(trainingImages / 6));
}

/** A learning rate and the standard deviation of the Gaussian that the weights are drawn from. */
export interface Setting {
  readonly learningRate: number;
  readonly sigma: number;
}

/** One network's training as it is recorded: its setting and what was measured. */
export interface Curve extends Setting {
  readonly batchNorm: boolean;
  readonly points: readonly SigmoidsPoint[];
  readonly divergedAt: number | null;
  readonly seconds: number;
}

type Required = "batchNorm" | "learningRate" | "sigma" | "steps" | "seed";

/** A run of the paper's network that learns from all training images and is measured at its end on the test. */
export function sigmoidsSpec(
  data: SharedData,
  choices: Pick<SigmoidsSpec, Required> & Partial<Omit<SigmoidsSpec, Required | "kind" | "data">>,
): SigmoidsSpec {
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
export function curve(spec: SigmoidsSpec, result: SigmoidsResult): Curve {
  const { batchNorm, learningRate, sigma } = spec;
  const { points, divergedAt, seconds } = result;
  return { batchNorm, learningRate, sigma, points, divergedAt, seconds };
}

/** The accuracy with which a run ended, 0 to 1: what was measured last on the given images. */
export function finalAccuracy(result: Pick<SigmoidsResult, "points">, part: "test" | "held-out"): number {
  const accuracy = result.points.at(-1)?.accuracy[part];
  if (accuracy === undefined) throw new Error(`finalAccuracy: the run was not measured on the ${part} images`);
  return accuracy;
}

/** What progress bars call a run of the network. */
export function networkLabel(batchNorm: boolean, setting: Setting): string {
  return `${batchNorm ? "with BN" : "without BN"}, lr ${setting.learningRate}, σ ${setting.sigma}`;
}
