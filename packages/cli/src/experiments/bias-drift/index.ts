import type { Experiment } from "../experiment.ts";
import type { BiasDriftResults, BiasDriftSize } from "./results.ts";

export const experiment: Experiment<BiasDriftSize, BiasDriftResults> = {
  name: "bias-drift",
  section: "2",
  claim:
    "When gradient descent does not take into account that the normalization depends on the parameters, a bias in front of it grows without end while the loss stays the same.",
  images: "MNIST",
  summary: "why the statistics must be part of the gradient",
  description:
    "Carries out the argument of the paper's §2: when batch statistics are taken for constants in the backward pass, a bias in front of the normalization grows while the loss does not move.",
  examples: ["", "--steps 10000"],
  sizes: {
    full: { steps: 3_000, measureEvery: 50, units: 100, batchSize: 60, learningRate: 1 },
    quick: { steps: 500, measureEvery: 10, units: 100, batchSize: 60, learningRate: 1 },
  },
  run: () => import("./run.ts"),
  figures: () => import("./figures.ts"),
  page: () => import("./page.ts"),
};
