// @ts-check
// TensorFlow.js. Argument: its backend. "wasm" has SIMD and, in Node, one thread (its threads are for browsers); "cpu" is
// plain JavaScript. Written with its core ops, which are faster here than its layers.

import { createRequire } from "node:module";
import { betas, gammas, sample, trainingData, values } from "./data.mjs";
import { serve } from "./serve.mjs";
import { prepareImageTraining } from "./tfjsimages.mjs";

/** @typedef {import("./serve.mjs").Task} Task */

await serve(async () => {
  // Under Node the CommonJS builds are the official ones, and both must share one copy of the core.
  const require = createRequire(import.meta.url);
  /** @type {typeof import("@tensorflow/tfjs")} */
  const tf = require("@tensorflow/tfjs");
  require("@tensorflow/tfjs-backend-wasm");
  tf.env().set("PROD", true);
  await tf.setBackend(process.argv[2]);
  await tf.ready();

  /** @typedef {import("@tensorflow/tfjs").Tensor} Tensor */

  /**
   * y and the updated running statistics.
   * @param {Tensor} x @param {Tensor} gamma @param {Tensor} beta @param {{ mean: Tensor, variance: Tensor }[]} out
   */
  function batchNorm(x, gamma, beta, out) {
    const axes = x.shape.slice(0, -1).map((_, axis) => axis);
    const { mean, variance } = tf.moments(x, axes);
    const count = x.size / mean.size;
    out.push({
      mean: tf.mul(mean, 0.1),
      variance: tf.add(tf.mul(variance, (0.1 * count) / (count - 1)), 0.9),
    });
    return tf.batchNorm(x, mean, variance, beta, gamma, 1e-5);
  }

  /** @param {import("../cases.mjs").Case} c @returns {Task} */
  function prepareBatchNorm(c) {
    if (c.layout === "NCHW") throw new Error("its batch norm takes channels last only");
    const channels = /** @type {number} */ (c.shape.at(-1));
    const length = c.shape.reduce((a, b) => a * b, 1);
    const x = tf.tensor(values(length, 1), c.shape);
    const dy = tf.tensor(values(length, 2), c.shape);
    const gamma = tf.tensor1d(gammas(channels));
    const beta = tf.tensor1d(betas(channels));
    const forward = () => {
      const stats = /** @type {{ mean: Tensor, variance: Tensor }[]} */ ([]);
      return [batchNorm(x, gamma, beta, stats), stats[0].variance];
    };
    const gradients = tf.grads((x, gamma, beta) => batchNorm(x, gamma, beta, []));
    const both = () => gradients([x, gamma, beta], dy);
    const pass = c.kind === "bnForward" ? forward : both;
    return {
      run: () => tf.tidy(() => void pass()),
      check: () =>
        tf.tidy(() => {
          const [first, ...rest] = pass();
          return [...sample(first.dataSync()), ...rest.map((t) => t.dataSync()[0])];
        }),
    };
  }

  /** @param {import("../cases.mjs").Case} c @returns {Task} */
  function prepareTraining(c) {
    const { weights, batches } = trainingData(c);
    const widths = c.shape;
    const feed = batches.map(({ x, labels }) => ({
      x: tf.tensor2d(x, [labels.length, widths[0]]),
      target: tf.oneHot(tf.tensor1d(labels, "int32"), 10).toFloat(),
    }));
    const fresh = () => {
      const w = weights.map((data, l) => tf.variable(tf.tensor2d(data, [widths[l + 1], widths[l]])));
      const gamma = widths.slice(1, -1).map((n) => tf.variable(tf.ones([n])));
      const beta = widths.slice(1, -1).map((n) => tf.variable(tf.zeros([n])));
      const running = widths.slice(1, -1).map((n) => ({
        mean: tf.variable(tf.zeros([n]), false),
        variance: tf.variable(tf.ones([n]), false),
      }));
      const bias = tf.variable(tf.zeros([10]));
      const optimizer = tf.train.sgd(0.1);
      let step = 0;
      return () => {
        const { x, target } = feed[step++ % feed.length];
        return tf.tidy(() => {
          const loss = optimizer.minimize(() => {
            /** @type {Tensor} */
            let h = x;
            for (let l = 0; l < gamma.length; l++) {
              h = tf.matMul(h, w[l], false, true);
              const { mean, variance } = tf.moments(h, [0]);
              h = tf.sigmoid(tf.batchNorm(h, mean, variance, beta[l], gamma[l], 1e-5));
              running[l].mean.assign(running[l].mean.mul(0.9).add(mean.mul(0.1)));
              running[l].variance.assign(running[l].variance.mul(0.9).add(variance.mul(0.1)));
            }
            const logits = tf.add(tf.matMul(h, /** @type {any} */ (w.at(-1)), false, true), bias);
            return /** @type {any} */ (tf.losses.softmaxCrossEntropy(target, logits));
          }, true);
          return /** @type {any} */ (loss).clone();
        });
      };
    };
    const step = fresh();
    return {
      run: () => step().dispose(),
      check: () => {
        const step = fresh();
        return Array.from({ length: 5 }, () => step().dataSync()[0]);
      },
    };
  }

  /** @param {import("../cases.mjs").Case} c @returns {Task} */
  function prepareGemm({ shape: [m, k, n] }) {
    const a = tf.tensor2d(values(m * k, 1), [m, k]);
    const b = tf.tensor2d(values(k * n, 2), [k, n]);
    return {
      run: () => tf.matMul(a, b).dispose(),
      check: () => sample(tf.matMul(a, b).dataSync()),
    };
  }

  return {
    versions: { "TensorFlow.js": tf.version_core },
    prepare: (c) => {
      if (c.suite === "bn") return prepareBatchNorm(c);
      if (c.suite === "cnn") return prepareImageTraining(tf, c);
      return c.suite === "mnist" ? prepareTraining(c) : prepareGemm(c);
    },
  };
});
