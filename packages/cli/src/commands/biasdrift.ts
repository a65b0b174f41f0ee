import { loadMnist } from "../datasets/mnist.ts";
import { BIAS_DRIFT_SIZES, type BiasDriftResults, biasDrift } from "../experiments/biasdrift.ts";
import { biasDriftFigures, biasDriftPage, biasDriftSummary } from "../report/biasdrift.ts";
import type { Experiment } from "./experiment.ts";

export const biasDriftExperiment: Experiment<BiasDriftResults> = {
  name: "bias-drift",
  load: loadMnist,
  perform(laboratory, request) {
    const size = BIAS_DRIFT_SIZES[request.quick ? "quick" : "full"];
    return biasDrift(laboratory, { ...size, steps: request.steps ?? size.steps }, request);
  },
  figures: biasDriftFigures,
  page: biasDriftPage,
  summary: biasDriftSummary,
};
