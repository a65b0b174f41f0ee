// @ts-check
// The training of a small convolutional network with jax-js; images are [N, C, H, W] there.

import { lax, nn, numpy as np } from "@jax-js/jax";
import { channelsFirst, tensor } from "batchnorm";
import { imageBatches, weights } from "./data.mjs";
import { crossEntropy, descent, fed, moved, normalize } from "./jaxtraining.mjs";

/** @typedef {import("../cases.mjs").Case} Case */
/** @typedef {import("@jax-js/jax").numpy.Array} Array_ */

/** @param {Array_} x */
function maxPool(x) {
  const [n, channels, h, w] = x.shape;
  return np.max(x.reshape([n, channels, h / 2, 2, w / 2, 2]), [3, 5]);
}

/** @param {Case} c @param {number} batch */
function feed(c, batch) {
  return imageBatches(c, batch).map(({ x, labels }) => {
    const images = channelsFirst(tensor(x, [batch, ...c.shape]));
    return fed(/** @type {Float32Array<ArrayBuffer>} */ (images.data), [...images.shape], labels);
  });
}

/** @param {Case} c @returns {import("./serve.mjs").Task} */
export function prepareImageTraining(c) {
  const { batch = 1, check = { images: 1, steps: 1 } } = c;
  const network = /** @type {(number | "pool")[]} */ (c.network);
  const { lr } = /** @type {NonNullable<Case["sgd"]>} */ (c.sgd);
  const outs = network.filter((layer) => layer !== "pool");
  const shapes = outs.map((out, i) => [out, i ? outs[i - 1] : 3, 3, 3]);
  const last = [10, /** @type {number} */ (outs.at(-1))];

  const start = descent(
    (p, running, x, target) => {
      let h = x;
      /** @type {import("./jaxtraining.mjs").Running} */
      const next = [];
      for (const layer of network) {
        if (layer === "pool") {
          h = maxPool(h);
          continue;
        }
        const i = next.length;
        const [y, mean, variance] = normalize(lax.conv(h, p.weights[i], [1, 1], "SAME"), p.gammas[i], p.betas[i], 1);
        const count = y.size / layer;
        h = nn.relu(y);
        next.push({
          mean: moved(running[i].mean, mean),
          variance: moved(running[i].variance, variance, count / (count - 1)),
        });
      }
      const logits = np.matmul(h.mean([2, 3]), p.weights[outs.length].transpose()).add(p.bias);
      return [crossEntropy(logits, target), next];
    },
    {
      weights: () => [...shapes, last].map((shape, i) => np.array(weights(shape, i)).reshape(shape)),
      widths: outs,
      lr,
    },
  );
  const step = start(feed(c, batch));
  return {
    asynchronous: true,
    images: batch,
    run: async () => (await step()).dispose(),
    check: async () => {
      const step = start(feed(c, check.images));
      const losses = [];
      for (let i = 0; i < check.steps; i++) losses.push((await step()).dataSync()[0]);
      return losses;
    },
  };
}
