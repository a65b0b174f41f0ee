import { loadCifar10 } from "../datasets/cifar10.ts";
import { loadMnist } from "../datasets/mnist.ts";
import type { SharedData } from "../datasets/shared.ts";
import { InputError } from "../errors.ts";
import { SHIFT_SIZES, type ShiftResults, shift } from "../experiments/shift.ts";
import { shiftFigures, shiftPage, shiftSummary } from "../report/shift.ts";
import type { Experiment } from "./experiment.ts";

export const shiftExperiment: Experiment<ShiftResults> = {
  name: "shift",
  load: loadMnist,
  perform: async (laboratory, request) =>
    shift(laboratory, await storedCifar10(), SHIFT_SIZES[request.quick ? "quick" : "full"], request),
  figures: shiftFigures,
  page: shiftPage,
  summary: shiftSummary,
};

/** CIFAR-10 if it is in the cache; if not, says that it is left out. */
async function storedCifar10(): Promise<SharedData | null> {
  try {
    return await loadCifar10();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    process.stderr.write(
      "CIFAR-10 is left out: it is not in the cache, or not as it was stored. Fetch it with: batchnorm data cifar10\n",
    );
    return null;
  }
}
