import { loadCifar10 } from "../datasets/cifar10.ts";
import { loadMnist } from "../datasets/mnist.ts";
import type { SharedData } from "../datasets/shared.ts";
import { InputError } from "../errors.ts";
import { integer } from "../words.ts";
import type { Model } from "./models.ts";
import { DATASET_NAMES } from "./names.ts";

/** A data set that `batchnorm train` knows by name. */
export interface Source {
  readonly name: (typeof DATASET_NAMES)[number];
  /** height, width, channels */
  readonly shape: readonly [number, number, number];
  /** by what bytes are multiplied before anything else */
  readonly scale: number;
  /** how far images may be moved in training, and whether they may be mirrored, without becoming something else */
  readonly crop: number;
  readonly flip: boolean;
  load(directory?: string): Promise<SharedData>;
}

const SOURCES: readonly Source[] = [
  { name: "mnist", shape: [28, 28, 1], scale: 1, crop: 0, flip: false, load: loadMnist },
  { name: "cifar10", shape: [32, 32, 3], scale: 1 / 255, crop: 4, flip: true, load: loadCifar10 },
];

/** @throws InputError for a name that stands for no data set, or one whose images the model does not take */
export function findSource(name: string, model: Model): Source {
  const source = SOURCES.find((candidate) => candidate.name === name);
  if (!source) throw new InputError(`expected one of the data sets ${DATASET_NAMES.join(", ")}, got ${name}`);
  const [height, width, channels] = source.shape;
  const values = height * width * channels;
  if (model.takes !== "images" && model.takes !== values) {
    throw new InputError(
      `the model ${model.name} takes ${integer(model.takes)} values, an image of ${name} has ${height} × ${width} × ${channels} = ${integer(values)}; take a model for images, such as resnet20`,
    );
  }
  return source;
}
