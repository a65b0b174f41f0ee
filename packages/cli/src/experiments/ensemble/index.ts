import type { Experiment } from "../experiment.ts";
import type { EnsembleResults, EnsembleSize } from "./results.ts";

export const experiment: Experiment<EnsembleSize, EnsembleResults> = {
  name: "ensemble",
  section: "4.2.3",
  claim: "An ensemble of six batch-normalized networks is more accurate than each of them.",
  images: "CIFAR-10",
  summary: "six networks together (§4.2.3)",
  description:
    "Trains six Inception networks with batch norm on CIFAR-10, averages the class probabilities of every choice of them, and draws accuracy against their number. Takes an hour on two cores; stopped, it goes on from its last checkpoints.",
  examples: ["", "--quick", "--seed 7 --out out/seed7"],
  sizes: {
    full: { images: 45_000, epochs: 8, measuredImages: 10_000 },
    quick: { images: 6_400, epochs: 3, measuredImages: 2_000 },
  },
  run: () => import("./run.ts"),
  figures: () => import("./figures.ts"),
  page: () => import("./page.ts"),
};
