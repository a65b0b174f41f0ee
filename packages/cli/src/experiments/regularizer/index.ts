import type { Experiment } from "../experiment.ts";
import type { RegularizerResults, RegularizerSize } from "./results.ts";

export const experiment: Experiment<RegularizerSize, RegularizerResults> = {
  name: "regularizer",
  section: "3.4",
  claim: "Batch normalization regularizes a network, so that Dropout can be removed or made weaker.",
  images: "CIFAR-10",
  summary: "batch norm and Dropout on few images",
  description:
    "Trains the Inception network on 2,000, 5,000 and 10,000 images of CIFAR-10, with and without batch norm and Dropout, and draws accuracy on the images learned from beside that on test images. Takes half an hour on two cores.",
  examples: ["", "--quick", "--threads 1"],
  sizes: {
    full: { sizes: [2_000, 5_000, 10_000], steps: 3_000, measuredImages: 10_000 },
    quick: { sizes: [2_000], steps: 500, measuredImages: 2_000 },
  },
  run: () => import("./run.ts"),
  figures: () => import("./figures.ts"),
  page: () => import("./page.ts"),
};
