// @ts-check
// jax-js on its WebAssembly backend, everything under jit. Its worker pool wants the browser's Worker, so in Node
// it has one thread.

import { readFileSync } from "node:fs";
import * as jax from "@jax-js/jax";
import { betas, gammas, sample, trainingData, values } from "./data.mjs";
import { prepareImageTraining } from "./jaximages.mjs";
import { crossEntropy, descent, fed, moved, normalize } from "./jaxtraining.mjs";
import { serve } from "./serve.mjs";

/** @typedef {import("./serve.mjs").Task} Task */
/** @typedef {import("@jax-js/jax").numpy.Array} Array_ */

const { defaultDevice, init, nn, numpy: np } = jax;
// The types of traced functions are deeper than JSDoc can follow; here they are any function.
/** @type {Record<string, (...args: any[]) => any>} */
const { blockUntilReady, jit, vjp } = /** @type {any} */ (jax);

/** @param {import("../cases.mjs").Case} c @returns {Task} */
function prepareBatchNorm(c) {
  const channelAxis = c.layout === "NCHW" ? 1 : c.shape.length - 1;
  const channels = c.shape[channelAxis];
  const length = c.shape.reduce((a, b) => a * b, 1);
  const count = length / channels;
  const x = np.array(values(length, 1)).reshape(c.shape);
  const dy = np.array(values(length, 2)).reshape(c.shape);
  const gamma = np.array(gammas(channels));
  const beta = np.array(betas(channels));
  const mean = np.zeros([channels]);
  const variance = np.ones([channels]);

  const forward = jit((x, gamma, beta, runningMean, runningVariance) => {
    const [y, m, v] = normalize(x, gamma, beta, channelAxis);
    return [y, moved(runningVariance, v, count / (count - 1)), moved(runningMean, m)];
  });
  const both = jit((x, gamma, beta, dy) => {
    const [y, back] = vjp(
      (x, gamma, beta) => {
        const [y, m, v] = normalize(x, gamma, beta, channelAxis);
        m.dispose();
        v.dispose();
        return y;
      },
      [x, gamma, beta],
    );
    y.dispose();
    const gradients = back(dy);
    back.dispose();
    return gradients;
  });
  const pass = () =>
    c.kind === "bnForward"
      ? forward(x.ref, gamma.ref, beta.ref, mean.ref, variance.ref)
      : both(x.ref, gamma.ref, beta.ref, dy.ref);
  return {
    asynchronous: true,
    run: async () => {
      for (const array of await blockUntilReady(pass())) array.dispose();
    },
    check: async () => {
      const [first, ...rest] = await blockUntilReady(pass());
      const others = c.kind === "bnForward" ? rest.slice(0, 1) : rest;
      return [...sample(first.dataSync()), ...others.map((array) => array.dataSync()[0])];
    },
  };
}

/** @param {import("../cases.mjs").Case} c @returns {Task} */
function prepareTraining(c) {
  const { weights, batches } = trainingData(c);
  const widths = c.shape;
  const hidden = widths.slice(1, -1);
  const feed = batches.map(({ x, labels }) => fed(x, [labels.length, widths[0]], labels));

  const start = descent(
    (p, running, x, target) => {
      let h = x;
      const count = x.shape[0];
      const next = hidden.map((_, l) => {
        const [y, mean, variance] = normalize(np.matmul(h, p.weights[l].transpose()), p.gammas[l], p.betas[l], 1);
        h = nn.sigmoid(y);
        return {
          mean: moved(running[l].mean, mean),
          variance: moved(running[l].variance, variance, count / (count - 1)),
        };
      });
      const logits = np.matmul(h, p.weights[hidden.length].transpose()).add(p.bias);
      return [crossEntropy(logits, target), next];
    },
    {
      weights: () => weights.map((data, l) => np.array(data).reshape([widths[l + 1], widths[l]])),
      widths: hidden,
      lr: 0.1,
    },
  );
  const step = start(feed);
  return {
    asynchronous: true,
    run: async () => (await step()).dispose(),
    check: async () => {
      const step = start(feed);
      const losses = [];
      for (let i = 0; i < 5; i++) losses.push((await step()).dataSync()[0]);
      return losses;
    },
  };
}

/** @param {import("../cases.mjs").Case} c @returns {Task} */
function prepareGemm({ shape: [m, k, n] }) {
  const a = np.array(values(m * k, 1)).reshape([m, k]);
  const b = np.array(values(k * n, 2)).reshape([k, n]);
  const product = jit((/** @type {Array_} */ a, /** @type {Array_} */ b) => np.matmul(a, b));
  return {
    asynchronous: true,
    run: async () => (await blockUntilReady(product(a.ref, b.ref))).dispose(),
    check: () => sample(product(a.ref, b.ref).dataSync()),
  };
}

await serve(async () => {
  await init("wasm");
  defaultDevice("wasm");
  const manifest = new URL("../node_modules/@jax-js/jax/package.json", import.meta.url);
  return {
    versions: { "jax-js": JSON.parse(readFileSync(manifest, "utf8")).version },
    prepare: (c) => {
      if (c.suite === "bn") return prepareBatchNorm(c);
      if (c.suite === "cnn") return prepareImageTraining(c);
      return c.suite === "mnist" ? prepareTraining(c) : prepareGemm(c);
    },
  };
});
