/** The same bits on any number of threads, for whole training runs. */
import {
  Adam,
  BatchNorm,
  Dropout,
  gaussian,
  initialize,
  Linear,
  type Optimizer,
  ReLU,
  Sequential,
  SGD,
  Sigmoid,
} from "batchnorm";
import { describe, expect, it } from "vitest";
import { digest } from "../support/data.ts";
import { cpuOf, openTrainer, smallDataset, stateBits } from "../support/training.ts";

const data = smallDataset({ count: 1200, inputs: 64, classes: 10 });
const probe = data.slice(0, 700);

/** Wide enough for several tasks in every kernel of a step: 512 rows of 256 values. */
function network(): Sequential {
  const model = new Sequential(
    new Linear(64, 256, { bias: false }),
    new BatchNorm(256),
    new Sigmoid(),
    new Dropout(0.3, { seed: 4 }),
    new Linear(256, 256),
    new BatchNorm(256),
    new ReLU(),
    new Linear(256, 10),
  );
  initialize(model, gaussian(0.1), { seed: 3 });
  return model;
}

async function train(threads: number, optimizer: Optimizer, build: "simd" | "relaxed") {
  const model = network();
  const trainer = openTrainer(model, { optimizer, threads, build });
  expect(cpuOf(trainer).threads).toBe(threads);
  const reports = await trainer.fit(data, { untilStep: 8, batchSize: 512, every: 1 });
  const { loss, accuracy } = await trainer.evaluate(probe, { batchSize: 512 });
  return { state: stateBits(model), checkpoint: digest(await trainer.save()), reports, loss, accuracy };
}

const optimizers: Record<string, () => Optimizer> = {
  "SGD with weight decay": () => new SGD({ lr: 0.2, weightDecay: 1e-3 }),
  "SGD with Nesterov's momentum": () => new SGD({ lr: 0.05, momentum: 0.9, nesterov: true }),
  Adam: () => new Adam({ lr: 0.01 }),
};

describe.each(Object.entries(optimizers))("%s", (_name, optimizer) => {
  it.each(["simd", "relaxed"] as const)("ends with the same bits on 1, 2 and 3 threads, on %s", async (build) => {
    const one = await train(1, optimizer(), build);
    expect(one.reports).toHaveLength(8);
    expect(await train(2, optimizer(), build)).toEqual(one);
    expect(await train(3, optimizer(), build)).toEqual(one);
  });
});
