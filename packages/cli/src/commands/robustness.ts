import { loadMnist } from "../datasets/mnist.ts";
import { ROBUSTNESS_SIZES, type RobustnessResults, robustness } from "../experiments/robustness.ts";
import { robustnessFigures, robustnessPage, robustnessSummary } from "../report/robustness.ts";
import type { Experiment } from "./experiment.ts";

export const robustnessExperiment: Experiment<RobustnessResults> = {
  name: "robustness",
  load: loadMnist,
  perform(laboratory, request) {
    const size = ROBUSTNESS_SIZES[request.quick ? "quick" : "full"];
    return robustness(laboratory, { ...size, steps: request.steps ?? size.steps }, request);
  },
  figures: robustnessFigures,
  page: robustnessPage,
  summary: robustnessSummary,
};
