// @ts-check
// The training of a small convolutional network with TensorFlow.js' core ops.

import { imageBatches, weights } from "./data.mjs";

/** @typedef {import("../cases.mjs").Case} Case */
/** @typedef {import("@tensorflow/tfjs").Tensor} Tensor */

/**
 * @param {typeof import("@tensorflow/tfjs")} tf
 * @param {Case} c
 * @param {number} batch
 * @returns {() => Tensor} one step, which gives the loss
 */
function training(tf, c, batch) {
  const network = /** @type {(number | "pool")[]} */ (c.network);
  const { lr } = /** @type {NonNullable<Case["sgd"]>} */ (c.sgd);
  const feed = imageBatches(c, batch).map(({ x, labels }) => ({
    x: tf.tensor4d(x, [batch, c.shape[0], c.shape[1], c.shape[2]]),
    target: tf.oneHot(tf.tensor1d(labels, "int32"), 10).toFloat(),
  }));
  const outs = network.filter((layer) => layer !== "pool");
  const kernels = outs.map((out, i) => {
    const shape = /** @type {[number, number, number, number]} */ ([out, i ? outs[i - 1] : 3, 3, 3]);
    return tf.variable(tf.tensor4d(weights(shape, i), shape).transpose([2, 3, 1, 0]));
  });
  const norms = outs.map((out) => ({
    gamma: tf.variable(tf.ones([out])),
    beta: tf.variable(tf.zeros([out])),
    mean: tf.variable(tf.zeros([out]), false),
    variance: tf.variable(tf.ones([out]), false),
  }));
  const last = [10, /** @type {number} */ (outs.at(-1))];
  const linear = tf.variable(tf.tensor2d(weights(last, outs.length), [last[0], last[1]]));
  const bias = tf.variable(tf.zeros([10]));

  /** @param {any} x @param {number} i convolution, batch norm, ReLU */
  const convolve = (x, i) => {
    const h = tf.conv2d(x, /** @type {any} */ (kernels[i]), 1, "same");
    const { mean, variance } = tf.moments(h, [0, 1, 2]);
    const count = h.size / mean.size;
    const norm = norms[i];
    norm.mean.assign(tf.add(tf.mul(norm.mean, 0.9), tf.mul(mean, 0.1)));
    norm.variance.assign(tf.add(tf.mul(norm.variance, 0.9), tf.mul(variance, (0.1 * count) / (count - 1))));
    return tf.relu(tf.batchNorm(h, mean, variance, norm.beta, norm.gamma, 1e-5));
  };
  const optimizer = tf.train.sgd(lr);
  let step = 0;
  return () => {
    const { x, target } = feed[step++ % feed.length];
    return tf.tidy(() => {
      const loss = optimizer.minimize(() => {
        /** @type {any} */
        let h = x;
        let i = 0;
        for (const layer of network) h = layer === "pool" ? tf.maxPool(h, 2, 2, "valid") : convolve(h, i++);
        const logits = tf.add(tf.matMul(tf.mean(h, [1, 2]), linear, false, true), bias);
        return /** @type {any} */ (tf.losses.softmaxCrossEntropy(target, logits));
      }, true);
      return /** @type {any} */ (loss).clone();
    });
  };
}

/**
 * @param {typeof import("@tensorflow/tfjs")} tf
 * @param {Case} c
 * @returns {import("./serve.mjs").Task}
 */
export function prepareImageTraining(tf, c) {
  const { batch = 1, check = { images: 1, steps: 1 } } = c;
  const step = training(tf, c, batch);
  return {
    images: batch,
    run: () => step().dispose(),
    check: () => {
      const step = training(tf, c, check.images);
      return Array.from({ length: check.steps }, () => step().dataSync()[0]);
    },
  };
}
