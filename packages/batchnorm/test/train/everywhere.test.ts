/**
 * With `deterministic: "everywhere"` a run ends with the same bits wherever it runs. These tests run in Node and in a
 * browser, and both have to end with the bits that are recorded here; record them anew when the arithmetic is changed.
 */
import {
  Adam,
  BatchNorm,
  Conv2d,
  cosine,
  Dataset,
  type DatasetOptions,
  Dropout,
  GlobalAveragePool,
  he,
  initialize,
  Linear,
  MaxPool2d,
  ReLU,
  Sequential,
  SGD,
  type Trainer,
} from "batchnorm";
import { mnistNetwork } from "batchnorm/models";
import { describe, expect, it } from "vitest";
import { digest, integers } from "../support/data.ts";
import { started } from "../support/pool.ts";
import { cpuOf, openTrainer, stateBits } from "../support/training.ts";

const STEPS = 20;

/** Images of noise, with pixels from 0 to 255. */
function images(count: number, shape: number[], options: Partial<DatasetOptions> = {}): Dataset {
  const size = shape.reduce((a, b) => a * b, count);
  const data = Uint8Array.from(integers(1, size, 256));
  return new Dataset({ data, shape, labels: integers(2, count, 10), scale: 1 / 255, ...options });
}

function convolutional(): Sequential {
  const model = new Sequential(
    new Conv2d(3, 16, 3, { padding: 1, bias: false }),
    new BatchNorm(16),
    new ReLU(),
    new MaxPool2d(2),
    new Conv2d(16, 32, 3, { padding: 1, bias: false }),
    new BatchNorm(32),
    new ReLU(),
    new GlobalAveragePool(),
    new Dropout(0.2, { seed: 3 }),
    new Linear(32, 10),
  );
  initialize(model, he(), { seed: 4 });
  return model;
}

const runs: Record<string, { open(threads: number): Trainer; data: Dataset; batchSize: number; bits: string }> = {
  "the paper's network for MNIST": {
    open: (threads) =>
      openTrainer(mnistNetwork({ seed: 5 }), {
        optimizer: new SGD({ lr: 0.1, momentum: 0.9, weightDecay: 1e-4 }),
        deterministic: "everywhere",
        threads,
      }),
    data: images(600, [784]),
    batchSize: 60,
    bits: "9ab8bf35caf943197a9d615279cfe427a482443c2d0a74bf7018a56dfacb8c42",
  },
  "a convolutional network": {
    open: (threads) =>
      openTrainer(convolutional(), {
        optimizer: new Adam({ lr: 0.01 }),
        schedule: cosine({ steps: STEPS }),
        deterministic: "everywhere",
        threads,
      }),
    data: images(160, [16, 16, 3], { mean: [0.5, 0.4, 0.6], std: [0.2, 0.3, 0.25], augment: { crop: 2, flip: true } }),
    batchSize: 32,
    bits: "c8863c0e9be563a6d289bfdb09f8b91deef2683c3e09d4a96b1959db0f1401e3",
  },
};

describe.each(Object.entries(runs))("%s", (_name, { open, data, batchSize, bits }) => {
  it.each([1, 2])("ends with the recorded bits, on %i threads", async (threads) => {
    const trainer = open(threads);
    expect(cpuOf(trainer).threads).toBe(threads);
    await started(cpuOf(trainer));
    const reports = await trainer.fit(data, { untilStep: STEPS, batchSize, every: 1 });
    expect(reports).toHaveLength(STEPS);
    const losses = Float64Array.from(reports, ({ loss }) => loss);
    expect(losses.every(Number.isFinite)).toBe(true);
    expect(digest(new TextEncoder().encode(`${digest(losses)}\n${stateBits(trainer.model)}`))).toBe(bits);
  });
});
