import { IMAGE_SIDE, THRESHOLD } from "../datasets/mnist.ts";
import type { SharedData } from "../datasets/shared.ts";
import { version } from "../version.ts";

/** Raised when the shape of the recorded JSON changes, so that old files are refused and not misread. */
export const RESULTS_FORMAT = 1;

/** How the images of a data set are given to networks. */
export interface ImageForm {
  /** in pixels */
  readonly side: number;
  /** grey levels from here on became 1, the others 0; null for images that keep their colours */
  readonly threshold: number | null;
}

const BINARY: ImageForm = { side: IMAGE_SIDE, threshold: THRESHOLD };

/** What every recorded result says about itself. */
export interface Recorded<Name extends string> {
  readonly experiment: Name;
  readonly format: typeof RESULTS_FORMAT;
  /** true for a `--quick` run, whose numbers are only a preview */
  readonly quick: boolean;
  readonly seed: number;
  readonly data: ImageForm & {
    readonly name: string;
    readonly trainingImages: number;
    readonly testImages: number;
  };
  readonly software: { readonly batchnorm: string; readonly node: string };
}

/** What the user asked for. */
export interface Request {
  readonly seed: number;
  readonly quick: boolean;
  /** steps of each training; undefined for the experiment's own number */
  readonly steps?: number | undefined;
  /** which of the experiment's own options were given */
  readonly flags: ReadonlySet<string>;
}

/** The heading of an experiment's results. */
export function record<Name extends string>(
  experiment: Name,
  { name, train, test }: SharedData,
  request: Request,
  form = BINARY,
): Recorded<Name> {
  return {
    experiment,
    format: RESULTS_FORMAT,
    quick: request.quick,
    seed: request.seed,
    data: { name, trainingImages: train.length, testImages: test.length, ...form },
    software: { batchnorm: version(), node: process.version },
  };
}
