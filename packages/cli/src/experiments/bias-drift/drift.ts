import {
  BatchNorm,
  gaussian,
  initialize,
  Linear,
  Sequential,
  SGD,
  Sigmoid,
  type Tensor,
  Trainer,
  tensor,
} from "batchnorm";
import { CLASSES, IMAGE_SIZE } from "../../datasets/mnist.ts";
import type { SharedData } from "../../datasets/shared.ts";
import type { RunKind } from "../../runs/kind.ts";
import type { DriftPoint, DriftResult, DriftSpec } from "./spec.ts";

const SIGMA = 0.1;

/**
 * Trains one hidden layer with a bias in front of its batch normalization, which has no γ and β, as in §2.
 *
 * With "constants" the statistics of the batch are first made the running statistics, exactly, and the layer is
 * frozen for the step: its output is the same as in training, and its backward pass takes mean and variance
 * for given numbers, which is the mistake that the paper warns of.
 */
export const kind: RunKind<DriftSpec, DriftResult> = {
  module: import.meta.url,
  async carryOut(spec, data, { advanced }) {
    const started = performance.now();
    const hidden = new Linear(IMAGE_SIZE, spec.units, { bias: true });
    // With weight 1 for the new value the running statistics are those of the last batch; "biased" as in training.
    const norm = new BatchNorm(spec.units, { momentum: 1, runningVariance: "biased", affine: false });
    const model = new Sequential(hidden, norm, new Sigmoid(), new Linear(spec.units, CLASSES));
    initialize(model, gaussian(SIGMA), { seed: spec.seed });
    const bias = hidden.bias as Tensor;
    if (spec.learns === "the bias")
      for (const parameter of model.parameters()) parameter.trainable = parameter === bias;
    const trainer = new Trainer(model, {
      optimizer: new SGD({ lr: spec.learningRate }),
      threads: 1,
      seed: spec.seed,
    });
    const points: DriftPoint[] = [];
    try {
      let losses: number[] = [];
      for (let step = 0; step <= spec.steps; step++) {
        const { x, labels } = batch(spec, data, step);
        const measured = step % spec.measureEvery === 0 || step === spec.steps;
        const biasNorm = measured ? Math.hypot(...bias.data) : 0;
        if (spec.statistics === "constants") {
          norm.unfreeze();
          norm.forward(hidden.forward(x));
          norm.freeze();
        }
        // The loss of a step is the one before its update, as is the norm.
        losses.push((await trainer.step(x, labels)).loss);
        if (!measured) continue;
        const loss = losses.reduce((sum, value) => sum + value, 0) / losses.length;
        losses = [];
        points.push({ step, loss: finite(loss), biasNorm: finite(biasNorm) });
        advanced(step);
        if (!Number.isFinite(loss)) break;
      }
    } finally {
      await trainer.close();
    }
    return { kind: "drift", points, seconds: (performance.now() - started) / 1000 };
  },
};

function batch(
  { batches, batchSize }: DriftSpec,
  { train }: SharedData,
  step: number,
): { x: Tensor; labels: Uint8Array } {
  const from = batches === "the same" ? 0 : (step % Math.floor(train.length / batchSize)) * batchSize;
  const pixels = train.images.subarray(from * IMAGE_SIZE, (from + batchSize) * IMAGE_SIZE);
  const x = tensor(Float32Array.from(pixels), [batchSize, IMAGE_SIZE]);
  return { x, labels: train.labels.subarray(from, from + batchSize) };
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
