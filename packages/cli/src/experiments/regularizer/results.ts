import type { Recorded } from "../../results/recorded.ts";

/** One training on some of the images. */
export interface RegularizerRun {
  /** that were trained on */
  readonly images: number;
  readonly batchNorm: boolean;
  readonly dropout: number;
  readonly learningRate: number;
  /** at the end, 0 to 1 */
  readonly trainingAccuracy: number;
  readonly testAccuracy: number;
  readonly divergedAt: number | null;
  readonly seconds: number;
}

/** The paper's §3.4: whether batch norm regularizes, and does away with Dropout. */
export interface RegularizerResults extends Recorded<"regularizer"> {
  readonly steps: number;
  readonly batchSize: number;
  /** test images that were measured on */
  readonly measuredImages: number;
  readonly decay: number;
  readonly weightDecay: number;
  /** numbers of training images */
  readonly sizes: readonly number[];
  readonly runs: readonly RegularizerRun[];
}

export interface RegularizerSize {
  readonly sizes: readonly number[];
  readonly steps: number;
  /** at most so many test images, and training images */
  readonly measuredImages: number;
}

/** The four networks of a number of training images. */
export type Four = Record<"plain" | "dropout" | "batchNorm" | "both", RegularizerRun>;

/** @throws Error when one is missing */
export function four({ runs }: RegularizerResults, images: number): Four {
  const find = (batchNorm: boolean, dropped: boolean) => {
    const run = runs.find((r) => r.images === images && r.batchNorm === batchNorm && r.dropout > 0 === dropped);
    if (!run) throw new Error(`expected four networks for ${images} images`);
    return run;
  };
  return {
    plain: find(false, false),
    dropout: find(false, true),
    batchNorm: find(true, false),
    both: find(true, true),
  };
}

/** What figures and tables call a network. */
export function networkName({ batchNorm, dropout }: Pick<RegularizerRun, "batchNorm" | "dropout">): string {
  if (dropout > 0) return batchNorm ? "both" : "Dropout";
  return batchNorm ? "batch norm" : "neither";
}
