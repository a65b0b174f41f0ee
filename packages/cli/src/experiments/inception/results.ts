import type { ImagePoint } from "../../networks/inception/spec.ts";
import type { Recorded } from "../../results/recorded.ts";
import type { InceptionModel } from "./models.ts";
import type { RateSearch } from "./ratesearch.ts";

/** One network's training, as it is recorded. */
export interface InceptionRun extends Pick<InceptionModel, "name" | "batchNorm" | "activation" | "dropout"> {
  readonly learningRate: number;
  readonly decay: number;
  readonly weightDecay: number;
  readonly parameters: number;
  readonly points: readonly ImagePoint[];
  readonly divergedAt: number | null;
  readonly seconds: number;
}

/** The paper's §4.2.1 and 4.2.2, and its Figures 2 and 3, on small images. */
export interface InceptionResults extends Recorded<"inception"> {
  readonly steps: number;
  readonly stepsPerEpoch: number;
  readonly batchSize: number;
  /** images that were trained on, and images that were held out */
  readonly learnedImages: number;
  readonly heldOutImages: number;
  /** test images of measurements before the end of the first epoch, and of the others */
  readonly earlyImages: number;
  readonly measuredImages: number;
  readonly search: RateSearch;
  readonly runs: readonly InceptionRun[];
}

export interface InceptionSize {
  /** at most so many of the training images */
  readonly images: number;
  readonly epochs: number;
  /** at most so many test images, or held-out ones: before the end of the first epoch, and from then on */
  readonly earlyImages: number;
  readonly measuredImages: number;
  /** of Inception without batch norm, tried for so many epochs each */
  readonly learningRates: readonly number[];
  readonly searchEpochs: number;
}
