import { Dataset } from "batchnorm";
import type { SharedData, SharedImages } from "../datasets/shared.ts";
import { type ChannelStatistics, channelStatistics } from "../datasets/statistics.ts";
import type { Model } from "./models.ts";
import type { Settings } from "./settings.ts";
import type { Source } from "./sources.ts";

/** What a model is trained on and measured on. */
export interface Prepared {
  readonly train: Dataset;
  readonly test: Dataset;
  /** of the training images, which made them mean 0 and standard deviation 1; null where bytes are used as they are */
  readonly normalization: ChannelStatistics | null;
}

/** The images of a run: as many as its settings say, in the shape that its model takes. */
export function prepare(images: SharedData, source: Source, model: Model, settings: Settings): Prepared {
  const [height, width, channels] = source.shape;
  const size = height * width * channels;
  const cut = ({ images: bytes, labels }: SharedImages, count: number) => ({
    data: bytes.subarray(0, count * size),
    labels: labels.subarray(0, count),
    scale: source.scale,
  });
  const train = cut(images.train, settings.trainImages);
  const test = cut(images.test, settings.testImages);
  if (model.takes !== "images") {
    const shape = [size];
    return { train: new Dataset({ ...train, shape }), test: new Dataset({ ...test, shape }), normalization: null };
  }
  const { crop, flip } = settings;
  const normalization = channelStatistics(train.data, channels, source.scale);
  const common = { shape: source.shape, ...normalization };
  return {
    train: new Dataset({ ...train, ...common, augment: { crop, flip } }),
    test: new Dataset({ ...test, ...common }),
    normalization,
  };
}
