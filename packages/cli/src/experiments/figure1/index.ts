import type { Experiment } from "../experiment.ts";
import type { Figure1Results, Figure1Size } from "./results.ts";
import type { SearchSize } from "./search.ts";

/** The search that chose the recorded settings; `--search` repeats it. */
const SEARCH: SearchSize = {
  learningRates: [0.1, 0.3, 1, 3, 10],
  sigmas: [0.03, 0.1, 0.3],
  steps: 10_000,
  finalists: 4,
  finalSteps: 50_000,
};

export const experiment: Experiment<Figure1Size, Figure1Results> = {
  name: "figure1",
  section: "4.1",
  claim:
    "The network with batch normalization reaches a higher test accuracy, and the distribution of what goes into a sigmoid is much more stable over training.",
  images: "MNIST",
  summary: "the paper's MNIST network with and without batch norm",
  description:
    "Trains the paper's network (§4.1) for 50,000 steps with and without batch norm, at the same settings and at each network's best ones, and draws Figure 1. Takes a few minutes on two cores.",
  examples: ["", "--quick", "--seed 7 --out out/seed7", "--data fashion --out out/fashion", "--search"],
  sizes: {
    full: { steps: 50_000, search: SEARCH },
    quick: { steps: 3_000, search: { ...SEARCH, steps: 200, finalSteps: 600 } },
  },
  flags: { search: "search each network's best settings anew and write figure1.choice.json" },
  shared: () => import("../../networks/sigmoids/run.ts"),
  run: () => import("./run.ts"),
  figures: () => import("./figures.ts"),
  page: () => import("./page.ts"),
};
