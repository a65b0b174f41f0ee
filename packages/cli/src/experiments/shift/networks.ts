import { type Augment, Dataset, type Layer, Tensor } from "batchnorm";
import { mnistNetwork, resnet } from "batchnorm/models";
import type { SharedData, SharedImages } from "../../datasets/shared.ts";
import { type ChannelStatistics, channelStatistics } from "../../datasets/statistics.ts";
import type { ImageShape } from "./shifts.ts";
import type { NetworkName, NetworkSpec } from "./spec.ts";

/** A network with batch norm, and the images of its data set. */
interface Network {
  /** of an image */
  readonly image: ImageShape;
  /** of an image as the network takes it */
  readonly takes: readonly number[];
  /** the highest byte in the data set: 1 where images were made binary */
  readonly white: number;
  /** whether each colour is given mean 0 and standard deviation 1 */
  readonly normalized: boolean;
  /** how images that are learned from are changed; null for not at all */
  readonly augment: Augment | null;
  build(seed: number): Layer;
}

export const NETWORKS: Record<NetworkName, Network> = {
  mnist: {
    image: [28, 28, 1],
    takes: [784],
    white: 1,
    normalized: false,
    augment: null,
    build: (seed) => mnistNetwork({ seed }),
  },
  resnet8: {
    image: [32, 32, 3],
    takes: [32, 32, 3],
    white: 255,
    normalized: true,
    augment: { crop: 4, flip: true },
    build: (seed) => resnet({ depth: 8, seed }),
  },
};

/** Mean and standard deviation of each colour over the images learned from; none where images are taken as they are. */
export function learnedStatistics({ network, trainImages }: NetworkSpec, data: SharedData): Partial<ChannelStatistics> {
  const { image, white, normalized } = NETWORKS[network];
  if (!normalized) return {};
  const [height, width, channels] = image;
  const bytes = data.train.images.subarray(0, trainImages * height * width * channels);
  return channelStatistics(bytes, channels, 1 / white);
}

/** The images that a network learns from. */
export function learnedImages(spec: NetworkSpec, data: SharedData): Dataset {
  const { takes, white, augment } = NETWORKS[spec.network];
  const { images, labels } = data.train;
  const options = { data: images, labels, shape: takes, scale: 1 / white, ...learnedStatistics(spec, data) };
  return new Dataset({ ...options, ...(augment && { augment }) }).slice(0, spec.trainImages);
}

/** Images with bytes from 0 to 255, given to a network as those were that it has learned from. */
export function imagesLike(
  { images, labels }: Pick<SharedImages, "images" | "labels">,
  network: NetworkName,
  statistics: Partial<ChannelStatistics>,
): Dataset {
  return new Dataset({ data: images, labels, shape: NETWORKS[network].takes, scale: 1 / 255, ...statistics });
}

/** Images a batch at most: few, so that a pass needs little memory. */
const MOST_IN_BATCH = 100;

/** The images of a data set of bytes in order, in batches [n, ...] of sizes that differ by one at most. */
export function* batches({ data, shape, length, scale, mean, std }: Dataset): Generator<Tensor> {
  const size = data.length / length;
  const channels = shape[shape.length - 1];
  const count = Math.ceil(length / MOST_IN_BATCH);
  for (let batch = 0; batch < count; batch++) {
    const from = Math.floor((batch * length) / count);
    const to = Math.floor(((batch + 1) * length) / count);
    const values = new Float32Array((to - from) * size);
    for (let at = 0; at < values.length; at++) {
      const channel = at % channels;
      values[at] = (data[from * size + at] * scale - (mean?.[channel] ?? 0)) / (std?.[channel] ?? 1);
    }
    yield new Tensor(values, [to - from, ...shape]);
  }
}
