// @ts-check
// What jax-js lacks for training a network with batch norm: the layer, written from its numpy in two passes, and the loop.

import * as jax from "@jax-js/jax";

/** @typedef {import("@jax-js/jax").numpy.Array} Array_ */
/** @typedef {{ weights: Array_[], gammas: Array_[], betas: Array_[], bias: Array_ }} Parameters */
/** @typedef {{ mean: Array_, variance: Array_ }[]} Running */

const { nn, numpy: np } = jax;
// The types of traced functions are deeper than JSDoc can follow; here they are any function.
/** @type {Record<string, (...args: any[]) => any>} */
const { blockUntilReady, jit, valueAndGrad } = /** @type {any} */ (jax);

/**
 * [y, batch mean, batch variance]. Consumes its arguments, as every function of jax-js does.
 * @param {Array_} x @param {Array_} gamma @param {Array_} beta @param {number} channelAxis
 */
export function normalize(x, gamma, beta, channelAxis) {
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
export function moved(running, value, factor = 1) {
  return running.mul(0.9).add(value.mul(0.1 * factor));
}

/** Cross-entropy of logits [N, classes]. @param {Array_} logits @param {Array_} target  one-hot */
export function crossEntropy(logits, target) {
  const count = logits.shape[0];
  return nn
    .logSoftmax(logits)
    .mul(target)
    .sum()
    .mul(-1 / count);
}

/** @param {Float32Array<ArrayBuffer>} x @param {number[]} shape @param {Int32Array<ArrayBuffer>} labels */
export function fed(x, shape, labels) {
  return { x: np.array(x).reshape(shape), target: nn.oneHot(np.array(labels, { dtype: np.int32 }), 10) };
}

/**
 * Gradient descent, a whole step under jit.
 *
 * @param {(p: Parameters, running: Running, x: Array_, target: Array_) => [Array_, Running]} loss  and what the running
 *        statistics become
 * @param {{ weights: () => Array_[], widths: number[], lr: number }} network  widths of its batch norms
 * @returns {(feed: { x: Array_, target: Array_ }[]) => () => Promise<Array_>} a fresh start on some data, whose steps
 *          give the loss
 */
export function descent(loss, { weights, widths, lr }) {
  const update = jit((/** @type {Parameters} */ p, /** @type {Running} */ running, x, target) => {
    const copy = {
      weights: p.weights.map((w) => w.ref),
      gammas: p.gammas.map((g) => g.ref),
      betas: p.betas.map((b) => b.ref),
      bias: p.bias.ref,
    };
    const [[value, next], gradient] = valueAndGrad(loss, { hasAux: true })(copy, running, x, target);
    /** @param {Array_[]} list @param {Array_[]} slopes */
    const descend = (list, slopes) => list.map((array, i) => array.sub(slopes[i].mul(lr)));
    const moved = {
      weights: descend(p.weights, gradient.weights),
      gammas: descend(p.gammas, gradient.gammas),
      betas: descend(p.betas, gradient.betas),
      bias: p.bias.sub(gradient.bias.mul(lr)),
    };
    return [value, moved, next];
  });

  return (feed) => {
    /** @type {any} */
    let p = {
      weights: weights(),
      gammas: widths.map((n) => np.ones([n])),
      betas: widths.map((n) => np.zeros([n])),
      bias: np.zeros([10]),
    };
    /** @type {any} */
    let running = widths.map((n) => ({ mean: np.zeros([n]), variance: np.ones([n]) }));
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
}
