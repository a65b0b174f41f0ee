import { loadMnist } from "../datasets/mnist.ts";
import { DEPTH_SIZES, type DepthResults, depth } from "../experiments/depth.ts";
import { depthFigures, depthPage, depthSummary } from "../report/depth.ts";
import type { Experiment } from "./experiment.ts";

export const depthExperiment: Experiment<DepthResults> = {
  name: "depth",
  load: loadMnist,
  perform(laboratory, request) {
    const size = DEPTH_SIZES[request.quick ? "quick" : "full"];
    return depth(laboratory, { ...size, steps: request.steps ?? size.steps }, request);
  },
  figures: depthFigures,
  page: depthPage,
  summary: depthSummary,
};
