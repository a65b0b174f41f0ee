import { loadCifar10 } from "../datasets/cifar10.ts";
import { REGULARIZER_SIZES, type RegularizerResults, regularizer } from "../experiments/regularizer.ts";
import { regularizerFigures, regularizerPage, regularizerSummary } from "../report/regularizer.ts";
import type { Experiment } from "./experiment.ts";

export const regularizerExperiment: Experiment<RegularizerResults> = {
  name: "regularizer",
  load: loadCifar10,
  perform: (laboratory, request) =>
    regularizer(laboratory, REGULARIZER_SIZES[request.quick ? "quick" : "full"], request),
  figures: regularizerFigures,
  page: regularizerPage,
  summary: regularizerSummary,
};
