// @ts-check
// jax-js on its WebAssembly backend, everything under jit. Its worker pool wants the browser's Worker, so in Node
// it has one thread. It has no batch norm layer: this one is written from its numpy, in two passes.

import { readFileSync } from "node:fs";
import * as jax from "@jax-js/jax";
import { betas, gammas, sample, trainingData, values } from "./data.mjs";
import { serve } from "./serve.mjs";

/** @typedef {import("./serve.mjs").Task} Task */
/** @typedef {import("@jax-js/jax").numpy.Array} Array_ */

const { defaultDevice, init, nn, numpy: np } = jax;
// The types of traced functions are deeper than JSDoc can follow; here they are any function.
/** @type {Record<string, (...args: any[]) => any>} */
const { blockUntilReady, jit, valueAndGrad, vjp } = /** @type {any} */ (jax);

/**
 * [y, batch mean, batch variance]. Consumes its arguments, as every function of jax-js does.
 * @param {Array_} x @param {Array_} gamma @param {Array_} beta @param {number} channelAxis
 */
function normalize(x, gamma, beta, channelAxis) {
  const axes = x.shape.map((_, axis) => axis).filter((axis) => axis !== channelAxis);
  const wide = x.shape.map((n, axis) => (axis === channelAxis ? n : 1));
  const mean = x.ref.mean(axes, { keepdims: true });
  const centered = x.sub(mean.ref);
  const variance = np.square(centered.ref).mean(axes, { keepdims: true });
  const scale = gamma.reshape(wide).div(np.sqrt(variance.ref.add(1e-5)));
  const y = centered.mul(scale).add(beta.reshape(wide));
  return [y, mean.reshape([-1]), variance.reshape([-1])];
}

/** @param {Array_} running @param {Array_} value @param {number} factor */
function moved(running, value, factor = 1) {
  return running.mul(0.9).add(value.mul(0.1 * factor));
}

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
  const feed = batches.map(({ x, labels }) => ({
    x: np.array(x).reshape([labels.length, widths[0]]),
    target: nn.oneHot(np.array(labels, { dtype: np.int32 }), 10),
  }));

  /** @typedef {{ weights: Array_[], gammas: Array_[], betas: Array_[], bias: Array_ }} Parameters */
  /** @typedef {{ mean: Array_, variance: Array_ }[]} Running */

  /** @param {Parameters} p @param {Running} running @param {Array_} x @param {Array_} target */
  function loss(p, running, x, target) {
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
    return [
      nn
        .logSoftmax(logits)
        .mul(target)
        .sum()
        .mul(-1 / count),
      next,
    ];
  }

  const update = jit((/** @type {Parameters} */ p, /** @type {Running} */ running, x, target) => {
    const copy = {
      weights: p.weights.map((w) => w.ref),
      gammas: p.gammas.map((g) => g.ref),
      betas: p.betas.map((b) => b.ref),
      bias: p.bias.ref,
    };
    const [[value, next], gradient] = valueAndGrad(loss, { hasAux: true })(copy, running, x, target);
    /** @param {Array_[]} list @param {Array_[]} slopes */
    const descend = (list, slopes) => list.map((array, i) => array.sub(slopes[i].mul(0.1)));
    const moved = {
      weights: descend(p.weights, gradient.weights),
      gammas: descend(p.gammas, gradient.gammas),
      betas: descend(p.betas, gradient.betas),
      bias: p.bias.sub(gradient.bias.mul(0.1)),
    };
    return [value, moved, next];
  });

  const fresh = () => {
    /** @type {any} */
    let p = {
      weights: weights.map((data, l) => np.array(data).reshape([widths[l + 1], widths[l]])),
      gammas: hidden.map((n) => np.ones([n])),
      betas: hidden.map((n) => np.zeros([n])),
      bias: np.zeros([10]),
    };
    /** @type {any} */
    let running = hidden.map((n) => ({ mean: np.zeros([n]), variance: np.ones([n]) }));
    let step = 0;
    return async () => {
      const { x, target } = feed[step++ % feed.length];
      const [value, nextParameters, nextRunning] = update(p, running, x.ref, target.ref);
      p = nextParameters;
      running = nextRunning;
      await blockUntilReady(p);
      return value;
    };
  };
  const step = fresh();
  return {
    asynchronous: true,
    run: async () => (await step()).dispose(),
    check: async () => {
      const step = fresh();
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
      return c.suite === "mnist" ? prepareTraining(c) : prepareGemm(c);
    },
  };
});
