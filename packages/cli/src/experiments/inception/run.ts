import { kind } from "../../networks/inception/run.ts";
import {
  availableImages,
  COLOUR,
  epochSteps,
  heldOutImages,
  inceptionSpec,
} from "../../networks/inception/settings.ts";
import type { ImageResult, ImageSpec, Measurement } from "../../networks/inception/spec.ts";
import { type Request, record } from "../../results/recorded.ts";
import type { Laboratory } from "../../runs/laboratory.ts";
import type { Job } from "../../runs/spec.ts";
import { INCEPTIONS, type InceptionModel } from "./models.ts";
import { searchRate } from "./ratesearch.ts";
import type { InceptionResults, InceptionRun, InceptionSize } from "./results.ts";

/** Finds Inception's learning rate, then trains all six networks for the same number of steps. */
export async function run(laboratory: Laboratory, size: InceptionSize, request: Request): Promise<InceptionResults> {
  const { data } = laboratory;
  const { seed } = request;
  const trainImages = availableImages(data, size.images);
  const stepsPerEpoch = epochSteps(trainImages);
  const steps = request.steps ?? size.epochs * stepsPerEpoch;
  const search = await searchRate(laboratory, {
    learningRates: size.learningRates,
    steps: Math.min(steps, size.searchEpochs * stepsPerEpoch),
    trainImages,
    measuredImages: size.measuredImages,
    seed,
  });
  const measureAt = curveMeasurements(steps, stepsPerEpoch, size);
  const jobs: Job<ImageSpec>[] = INCEPTIONS.map(({ name, batchNorm, activation, dropout, rateFactor, pace }) => {
    const learningRate = Number((rateFactor * search.chosen).toPrecision(6));
    const network = { batchNorm, activation, dropout };
    return {
      label: `${name}, lr ${learningRate}`,
      spec: inceptionSpec(data, { ...network, ...pace, learningRate, trainImages, steps, measureAt, seed }),
    };
  });
  const results = await laboratory.run(kind, jobs);
  return {
    ...record("inception", data, request, COLOUR),
    steps,
    stepsPerEpoch,
    batchSize: jobs[0].spec.batchSize,
    learnedImages: trainImages,
    heldOutImages: heldOutImages(data.train.length),
    earlyImages: Math.min(size.earlyImages, data.test.length),
    measuredImages: Math.min(size.measuredImages, data.test.length),
    search,
    runs: INCEPTIONS.map((model, index) => recordedRun(model, jobs[index].spec, results[index])),
  };
}

function recordedRun({ name }: InceptionModel, spec: ImageSpec, result: ImageResult): InceptionRun {
  const { batchNorm, activation, dropout, learningRate, decay, weightDecay } = spec;
  const { parameters, points, divergedAt, seconds } = result;
  const settings = { batchNorm, activation, dropout, learningRate, decay, weightDecay };
  return { name, ...settings, parameters, points, divergedAt, seconds };
}

/**
 * Eight times in the first epoch, when most happens, on some of the test images; then every half epoch, and at the end,
 * on all. Measuring an image takes about a third of the time of learning from it: all this is about a seventh of a run.
 */
export function curveMeasurements(
  steps: number,
  stepsPerEpoch: number,
  { earlyImages, measuredImages }: Pick<InceptionSize, "earlyImages" | "measuredImages">,
): Measurement[] {
  const measurements = new Map<number, number>();
  for (let eighth = 1; eighth < 8; eighth++) measurements.set(Math.round((eighth * stepsPerEpoch) / 8), earlyImages);
  for (let half = 2; half * stepsPerEpoch <= 2 * steps; half++) {
    measurements.set(Math.round((half * stepsPerEpoch) / 2), measuredImages);
  }
  measurements.set(steps, measuredImages);
  return [...measurements]
    .filter(([step]) => step > 0 && step <= steps)
    .sort(([a], [b]) => a - b)
    .map(([step, images]) => ({ step, images }));
}
