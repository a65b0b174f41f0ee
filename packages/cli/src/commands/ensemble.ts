import { loadCifar10 } from "../datasets/cifar10.ts";
import { ENSEMBLE_SIZES, type EnsembleResults, ensemble } from "../experiments/ensemble.ts";
import { ensembleFigures, ensemblePage, ensembleSummary } from "../report/ensemble.ts";
import type { Experiment } from "./experiment.ts";

export const ensembleExperiment: Experiment<EnsembleResults> = {
  name: "ensemble",
  load: loadCifar10,
  perform: (laboratory, request) => ensemble(laboratory, ENSEMBLE_SIZES[request.quick ? "quick" : "full"], request),
  figures: ensembleFigures,
  page: ensemblePage,
  summary: ensembleSummary,
};
