import type { Experiment } from "../experiment.ts";
import type { RobustnessResults, RobustnessSize } from "./results.ts";

export const experiment: Experiment<RobustnessSize, RobustnessResults> = {
  name: "robustness",
  section: "3.3",
  claim: "Batch normalization allows much higher learning rates, and less care with the initial weights.",
  images: "MNIST",
  summary: "a grid of learning rates and initial weights",
  description:
    "Trains the network for a short time at every learning rate with every σ of the initial weights, with and without batch norm, and draws two heat maps of test accuracy.",
  examples: ["", "--quick", "--steps 10000"],
  sizes: {
    full: {
      learningRates: [0.01, 0.03, 0.1, 0.3, 1, 3, 10],
      sigmas: [0.003, 0.01, 0.03, 0.1, 0.3, 1],
      steps: 3_000,
    },
    quick: { learningRates: [0.01, 0.1, 1, 10], sigmas: [0.003, 0.03, 0.3], steps: 500 },
  },
  run: () => import("./run.ts"),
  figures: () => import("./figures.ts"),
  page: () => import("./page.ts"),
};
