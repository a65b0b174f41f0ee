import type { Recorded } from "../results/recorded.ts";
import type { Experiment } from "./experiment.ts";
import type { ImagesOf } from "./options.ts";

/** An experiment as `--help` shows it. */
export interface Entry {
  readonly name: string;
  readonly images: ImagesOf;
  readonly summary: string;
  readonly description: string;
  readonly examples: readonly string[];
  /** what it needs is loaded when it is called, so that --help is quick */
  load(options: { search?: boolean }): Promise<Experiment<Recorded<string>>>;
}

export const EXPERIMENTS: readonly Entry[] = [
  {
    name: "figure1",
    images: "MNIST",
    summary: "the paper's MNIST network with and without batch norm",
    description:
      "Trains the paper's network (§4.1) for 50,000 steps with and without batch norm, at the same settings and at each network's best ones, and draws Figure 1. Takes a few minutes on two cores.",
    examples: ["", "--quick", "--seed 7 --out out/seed7", "--data fashion --out out/fashion", "--search"],
    load: async ({ search = false }) => (await import("./figure1.ts")).figure1Experiment(search),
  },
  {
    name: "robustness",
    images: "MNIST",
    summary: "a grid of learning rates and initial weights",
    description:
      "Trains the network for a short time at every learning rate with every σ of the initial weights, with and without batch norm, and draws two heat maps of test accuracy.",
    examples: ["", "--quick", "--steps 10000"],
    load: async () => (await import("./robustness.ts")).robustnessExperiment,
  },
  {
    name: "depth",
    images: "MNIST",
    summary: "networks of 1 to 10 hidden layers of sigmoids",
    description:
      "Trains networks of sigmoids of 1 to 10 hidden layers with and without batch norm, each at the best of a few settings, and draws accuracy against depth.",
    examples: ["", "--quick", "--threads 1"],
    load: async () => (await import("./depth.ts")).depthExperiment,
  },
  {
    name: "bias-drift",
    images: "MNIST",
    summary: "why the statistics must be part of the gradient",
    description:
      "Carries out the argument of the paper's §2: when batch statistics are taken for constants in the backward pass, a bias in front of the normalization grows while the loss does not move.",
    examples: ["", "--steps 10000"],
    load: async () => (await import("./biasdrift.ts")).biasDriftExperiment,
  },
  {
    name: "inception",
    images: "CIFAR-10",
    summary: "six Inception networks on CIFAR-10: Figures 2 and 3",
    description:
      "Trains the paper's Inception networks (§4.2) in a size for CIFAR-10: without batch norm, with it, and with it at 5 and 30 times the learning rate, and two of sigmoids. Draws accuracy against steps, and counts the steps that each takes to the best accuracy of the one without. Takes more than an hour on two cores; stopped, it goes on from its last checkpoints.",
    examples: ["", "--quick", "--steps 2000 --out out/short"],
    load: async () => (await import("./inception.ts")).inceptionExperiment,
  },
  {
    name: "regularizer",
    images: "CIFAR-10",
    summary: "batch norm and Dropout on few images",
    description:
      "Trains the Inception network on 2,000, 5,000 and 10,000 images of CIFAR-10, with and without batch norm and Dropout, and draws accuracy on the images learned from beside that on test images. Takes half an hour on two cores.",
    examples: ["", "--quick", "--threads 1"],
    load: async () => (await import("./regularizer.ts")).regularizerExperiment,
  },
  {
    name: "ensemble",
    images: "CIFAR-10",
    summary: "six networks together (§4.2.3)",
    description:
      "Trains six Inception networks with batch norm on CIFAR-10, averages the class probabilities of every choice of them, and draws accuracy against their number. Takes an hour on two cores; stopped, it goes on from its last checkpoints.",
    examples: ["", "--quick", "--seed 7 --out out/seed7"],
    load: async () => (await import("./ensemble.ts")).ensembleExperiment,
  },
  {
    name: "shift",
    images: "both",
    summary: "new statistics for images that are not like those learned from",
    description:
      "Trains a network on MNIST, and one on CIFAR-10 where batchnorm data cifar10 has stored it, changes contrast, brightness, noise and blur of the test images, and estimates the running statistics anew from unlabelled ones. Draws accuracy before and after, and against the number of images that statistics come from. Takes some twenty minutes on two cores; stopped, it goes on from its last checkpoint.",
    examples: ["", "--quick", "--data fashion --out out/fashion"],
    load: async () => (await import("./shift.ts")).shiftExperiment,
  },
];
