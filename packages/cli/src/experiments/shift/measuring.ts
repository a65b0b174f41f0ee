import { accuracy, type Dataset, Inference, type Layer, recalibrate } from "batchnorm";
import { readSafetensors } from "batchnorm/formats";
import type { SharedImages } from "../../datasets/shared.ts";
import type { RunKind } from "../../runs/kind.ts";
import { batches, imagesLike, learnedStatistics, NETWORKS } from "./networks.ts";
import { shifted } from "./shifts.ts";
import type { ShiftPoint, ShiftResult, ShiftSpec } from "./spec.ts";

/** The test images that statistics come from, as the first so many of a data set; the others are measured on. */
export function statisticsImages(images: number): number {
  return Math.floor(images / 2);
}

/**
 * Gives a trained network running statistics from shifted images, in each of the spec's ways, and measures each time how
 * accurate it is on other images with the same shift. The input of a run are the weights, as the training gave them.
 */
export const kind: RunKind<ShiftSpec, ShiftResult> = {
  module: import.meta.url,
  async carryOut(spec, data, { input: weights, advanced }) {
    if (weights === undefined) throw new Error("expected the weights of the network");
    const started = performance.now();
    const { network, seed } = spec.network;
    const model = NETWORKS[network].build(seed);
    const { tensors } = readSafetensors(Buffer.from(weights, "base64"));
    const images = shiftedImages(spec, data.test);
    const statistics = learnedStatistics(spec.network, data);
    const chosen = (isChosen: (index: number) => boolean) => imagesLike(part(images, isChosen), network, statistics);
    const half = statisticsImages(spec.images);
    const measured = chosen((at) => at >= half);
    const points: ShiftPoint[] = [];
    for (const [index, estimate] of spec.estimates.entries()) {
      model.loadStateDict(tensors);
      if (estimate) {
        const { classes, onePass, prior } = estimate;
        const last = Math.min(half, estimate.images);
        const unlabelled = chosen((at) => at < last && (classes?.includes(images.labels[at]) ?? true));
        recalibrate(model, () => batches(unlabelled), { onePass, prior });
      }
      points.push({ step: index + 1, accuracy: await accuracyOn(model, measured) });
      advanced(index + 1);
    }
    return { kind: "shift", points, seconds: (performance.now() - started) / 1000 };
  },
};

type Images = Pick<SharedImages, "images" | "labels">;

/** The first test images with bytes from 0 to 255, shifted. */
function shiftedImages({ network, shift, images: count, seed }: ShiftSpec, test: SharedImages): Images {
  const { image, white } = NETWORKS[network.network];
  const size = image[0] * image[1] * image[2];
  const images = test.images.slice(0, count * size).map((byte) => byte * (255 / white));
  const labels = test.labels.subarray(0, count);
  return { images: shift ? shifted(images, image, shift, seed) : images, labels };
}

/** Those of the images whose indices are chosen. */
function part({ images, labels }: Images, isChosen: (index: number) => boolean): Images {
  const size = images.length / labels.length;
  const chosen = [...labels.keys()].filter(isChosen);
  const result = { images: new Uint8Array(chosen.length * size), labels: new Uint8Array(chosen.length) };
  for (const [to, index] of chosen.entries()) {
    result.images.set(images.subarray(index * size, (index + 1) * size), to * size);
    result.labels[to] = labels[index];
  }
  return result;
}

/** Share of correct answers, 0 to 1. */
async function accuracyOn(model: Layer, data: Dataset): Promise<number> {
  const labels = data.labels as Int32Array;
  const inference = new Inference(model);
  try {
    let correct = 0;
    let from = 0;
    for (const batch of batches(data)) {
      const to = from + batch.shape[0];
      correct += accuracy(await inference.predict(batch), labels.subarray(from, to)) * (to - from);
      from = to;
    }
    return Math.round(correct) / data.length;
  } finally {
    inference.close();
  }
}
