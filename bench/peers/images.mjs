// @ts-check
// The convolutional cases through the public API, as a user writes them.

import { Inference, SGD, Trainer, tensor } from "batchnorm";
import { imageBatches } from "./data.mjs";
import { timingDevice } from "./kernels.mjs";
import { trained, untrained } from "./networks.mjs";

/** @typedef {import("../cases.mjs").Case} Case */
/** @typedef {import("./serve.mjs").Task} Task */
/** @typedef {{ threads: number, deterministic?: "everywhere" }} Options */
/** @typedef {import("batchnorm").TrainerOptions} TrainerOptions */

/** Batch norm's kernels, by name. */
const batchNormKernels = /moments|affine|gradSums|gradInput|Coefficients|mergeMoments|mergeGradSums|trackStatistics/i;

/** @param {Case} c @param {Partial<TrainerOptions>} options @param {number} batch */
function training(c, options, batch) {
  const { lr, momentum, weightDecay } = /** @type {NonNullable<Case["sgd"]>} */ (c.sgd);
  const optimizer = new SGD({ lr, momentum, weightDecay });
  const trainer = new Trainer(untrained(c), { optimizer, ...options });
  const feed = imageBatches(c, batch).map(({ x, labels }) => ({ x: tensor(x, [batch, ...c.shape]), labels }));
  let step = 0;
  const run = () => {
    const { x, labels } = feed[step++ % feed.length];
    return trainer.step(x, labels);
  };
  return { trainer, run };
}

/** @param {Case} c @param {Options} options @returns {Task} */
export function prepareImageTraining(c, options) {
  const { batch = 1, check = { images: 1, steps: 1 } } = c;
  const { run } = training(c, options, batch);
  return {
    images: batch,
    run: () => void run(),
    check: async () => {
      const { trainer, run } = training(c, options, check.images);
      const losses = [];
      for (let i = 0; i < check.steps; i++) losses.push((await run()).loss);
      await trainer.close();
      return losses;
    },
  };
}

/** A training step of which only the time in batch norm's kernels counts. @param {Case} c @param {Options} options @returns {Task} */
export function prepareBatchNormTime(c, options) {
  const { batch = 1 } = c;
  const { device, seconds } = timingDevice(options, batchNormKernels);
  const { run } = training(c, { device }, batch);
  return {
    run: () => void run(),
    check: () => [],
    measure: async (ms) => {
      run();
      const times = [];
      const end = performance.now() + ms;
      while (performance.now() < end) times.push(seconds(() => void run()));
      const total = times.reduce((sum, time) => sum + time, 0);
      return { iterations: times.length * batch, seconds: total, best: Math.min(...times) / batch };
    },
  };
}

/** @param {Case} c @param {Options} options @returns {Task} */
export function prepareInference(c, options) {
  const { batch = 1 } = c;
  const inference = new Inference(trained(c), options);
  const x = tensor(imageBatches(c, batch)[0].x, [batch, ...c.shape]);
  return {
    images: batch,
    run: () => void inference.predictNow(x),
    check: () => [...inference.predictNow(x).data],
  };
}
