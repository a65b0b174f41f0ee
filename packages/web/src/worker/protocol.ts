/** What the page and its two workers tell each other. */
import type { PackedDigits } from "../data/digits.ts";
import type { NetworkPlan } from "../network/build.ts";
import type { Spread } from "../network/spread.ts";
import type { Point } from "../state/contestants.ts";
import type { Statistics } from "../state/experiment.ts";

/** One network's training, from its start. */
export interface Task {
  readonly network: NetworkPlan;
  readonly learningRate: number;
  readonly batchSize: number;
  readonly statistics: Statistics;
  readonly threads: number;
}

export type Order =
  /** First of all. */
  | { readonly kind: "digits"; readonly digits: PackedDigits }
  /** Starts anew; everything that is reported from then on carries this run's number. */
  | { readonly kind: "build"; readonly run: number; readonly task: Task; readonly until: number }
  /** Trains until so many steps have been taken in all. */
  | { readonly kind: "train"; readonly until: number }
  | { readonly kind: "pause" }
  | { readonly kind: "measure"; readonly statistics: Statistics }
  /** [784], 0 or 1; null when there is nothing to name any more. */
  | { readonly kind: "drawing"; readonly pixels: Uint8Array | null };

/** Where a run stands; what has not changed since the report before is null. */
export interface Snapshot {
  readonly kind: "snapshot";
  readonly run: number;
  readonly step: number;
  readonly stepsPerSecond: number;
  readonly activity: Activity;
  /** measured since the report before */
  readonly points: readonly Point[];
  readonly spreads: readonly Spread[] | null;
  /** [10], of the digit that was drawn */
  readonly probabilities: Float32Array | null;
}

export type Activity = "training" | "paused" | "diverged";

/** Training cannot go on for a reason that is no result: the platform lacks something, or a fault of ours. */
export interface Failure {
  readonly kind: "failure";
  readonly run: number;
  readonly message: string;
  /** whether the platform lacks something, so that starting again would not help */
  readonly platform: boolean;
}

export type Report = Snapshot | Failure;
