import type { Recorded } from "../../results/recorded.ts";
import type { Vote } from "./votes.ts";

/** One of the networks whose predictions are averaged. */
export interface Member {
  readonly seed: number;
  readonly dropout: number;
  /** on the test images, 0 to 1 */
  readonly accuracy: number;
  readonly divergedAt: number | null;
  readonly seconds: number;
}

/** The paper's §4.2.3, on small images. */
export interface EnsembleResults extends Recorded<"ensemble"> {
  readonly steps: number;
  readonly stepsPerEpoch: number;
  readonly batchSize: number;
  /** images that were trained on */
  readonly learnedImages: number;
  /** test images that were measured on */
  readonly measuredImages: number;
  readonly learningRate: number;
  readonly decay: number;
  readonly weightDecay: number;
  /** initial weights are so many times as large as usual */
  readonly gain: number;
  /** of each network */
  readonly parameters: number;
  readonly members: readonly Member[];
  /** by the number of networks, from one to all that did not diverge */
  readonly votes: readonly Vote[];
}

export interface EnsembleSize {
  /** at most so many of the training images */
  readonly images: number;
  readonly epochs: number;
  /** at most so many test images */
  readonly measuredImages: number;
}
