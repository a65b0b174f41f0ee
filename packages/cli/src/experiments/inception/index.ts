import type { Experiment } from "../experiment.ts";
import type { InceptionResults, InceptionSize } from "./results.ts";

export const experiment: Experiment<InceptionSize, InceptionResults> = {
  name: "inception",
  section: "4.2.2",
  claim:
    "With batch normalization Inception is as accurate as without it after 14 times fewer steps, ends more accurate, and can be trained with sigmoids.",
  images: "CIFAR-10",
  summary: "six Inception networks on CIFAR-10: Figures 2 and 3",
  description:
    "Trains the paper's Inception networks (§4.2) in a size for CIFAR-10: without batch norm, with it, and with it at 5 and 30 times the learning rate, and two of sigmoids. Draws accuracy against steps, and counts the steps that each takes to the best accuracy of the one without. Takes more than an hour on two cores; stopped, it goes on from its last checkpoints.",
  examples: ["", "--quick", "--steps 2000 --out out/short"],
  sizes: {
    full: {
      images: 45_000,
      epochs: 8,
      earlyImages: 2_000,
      measuredImages: 10_000,
      // Each of the first three rates has its fivefold in the list: what the network makes of it is a result of its own.
      learningRates: [0.01, 0.02, 0.05, 0.1, 0.25],
      searchEpochs: 2,
    },
    quick: {
      images: 6_400,
      epochs: 2,
      earlyImages: 500,
      measuredImages: 1_000,
      learningRates: [0.02, 0.1],
      searchEpochs: 1,
    },
  },
  run: () => import("./run.ts"),
  figures: () => import("./figures.ts"),
  page: () => import("./page.ts"),
};
