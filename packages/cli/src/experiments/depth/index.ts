import type { Experiment } from "../experiment.ts";
import type { DepthResults, DepthSize } from "./results.ts";

// σ 0.1 is a small Gaussian as in the paper. σ 0.4 = 4/√100 suits sigmoids, whose slope is at most 1/4: with it
// signals keep their size through layers of 100 units, so that the network without batch norm has its chance.
const SIGMAS = [0.1, 0.4];

export const experiment: Experiment<DepthSize, DepthResults> = {
  name: "depth",
  section: "4.2.2",
  claim:
    "Batch normalization makes it possible to train deep networks of sigmoids, which are hard to train without it.",
  images: "MNIST",
  summary: "networks of 1 to 10 hidden layers of sigmoids",
  description:
    "Trains networks of sigmoids of 1 to 10 hidden layers with and without batch norm, each at the best of a few settings, and draws accuracy against depth.",
  examples: ["", "--quick", "--threads 1"],
  sizes: {
    full: {
      depths: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
      width: 100,
      learningRates: [0.3, 1, 3],
      sigmas: SIGMAS,
      steps: 5_000,
    },
    quick: { depths: [1, 4, 8], width: 100, learningRates: [0.3, 3], sigmas: SIGMAS, steps: 300 },
  },
  run: () => import("./run.ts"),
  figures: () => import("./figures.ts"),
  page: () => import("./page.ts"),
};
