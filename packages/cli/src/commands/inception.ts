import { loadCifar10 } from "../datasets/cifar10.ts";
import { INCEPTION_SIZES, type InceptionResults, inceptionRace } from "../experiments/inception.ts";
import { inceptionFigures, inceptionPage, inceptionSummary } from "../report/inception.ts";
import type { Experiment } from "./experiment.ts";

export const inceptionExperiment: Experiment<InceptionResults> = {
  name: "inception",
  load: loadCifar10,
  perform: (laboratory, request) =>
    inceptionRace(laboratory, INCEPTION_SIZES[request.quick ? "quick" : "full"], request),
  figures: inceptionFigures,
  page: inceptionPage,
  summary: inceptionSummary,
};
