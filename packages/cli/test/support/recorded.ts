/** What every recorded result says about itself. */
import type { Recorded } from "#dist/results/recorded.js";

const SOFTWARE = { batchnorm: "0.1.0", node: "v20.20.2" };

export function recordedOn<Name extends string>(
  experiment: Name,
  images: "MNIST" | "CIFAR-10",
  name: string = images,
): Recorded<Name> {
  const data =
    images === "MNIST"
      ? { name, trainingImages: 60_000, testImages: 10_000, side: 28, threshold: 128 }
      : { name, trainingImages: 50_000, testImages: 10_000, side: 32, threshold: null };
  return { experiment, format: 1, quick: false, seed: 1, data, software: SOFTWARE };
}
