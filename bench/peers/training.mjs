// @ts-check
// The training case through the public API, as a user writes it.

import { BatchNorm, Linear, Sequential, SGD, Sigmoid, Trainer, tensor } from "batchnorm";
import { trainingData } from "./data.mjs";

/**
 * @param {import("../cases.mjs").Case} c
 * @param {{ threads: number, deterministic?: "everywhere" }} options
 * @returns {import("./serve.mjs").Task}
 */
export function prepareTraining(c, options) {
  const { weights, batches } = trainingData(c);
  const widths = c.shape;
  const feed = batches.map(({ x, labels }) => ({ x: tensor(x, [labels.length, widths[0]]), labels }));

  const fresh = () => {
    const last = weights.length - 1;
    const linears = weights.map((weight, l) => {
      const linear = new Linear(widths[l], widths[l + 1], { bias: l === last });
      linear.weight.data.set(weight);
      linear.bias?.data.fill(0);
      return linear;
    });
    const layers = linears.flatMap((linear, l) =>
      l === last ? [linear] : [linear, new BatchNorm(widths[l + 1]), new Sigmoid()],
    );
    const trainer = new Trainer(new Sequential(...layers), { optimizer: new SGD({ lr: 0.1 }), ...options });
    let step = 0;
    const run = () => {
      const { x, labels } = feed[step++ % feed.length];
      return trainer.step(x, labels);
    };
    return { trainer, run };
  };

  const { run } = fresh();
  return {
    run: () => void run(),
    check: async () => {
      const { trainer, run } = fresh();
      const losses = [];
      for (let i = 0; i < 5; i++) losses.push((await run()).loss);
      await trainer.close();
      return losses;
    },
  };
}
