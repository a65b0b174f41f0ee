// @ts-check
// The networks of the convolutional cases from the library's layers, with the numbers that every peer has.

import { BatchNorm, Conv2d, GlobalAveragePool, Linear, MaxPool2d, ReLU, Sequential } from "batchnorm";
import { resnet } from "batchnorm/models";
import { betas, gammas, runningMeans, runningVariances, weights } from "./data.mjs";

/** @typedef {import("batchnorm").Layer} Layer */

/** @param {import("../cases.mjs").Network} description */
function layersOf(description) {
  /** @type {Layer[]} */
  const layers = [];
  let channels = 3;
  for (const layer of description) {
    if (layer === "pool") layers.push(new MaxPool2d(2));
    else {
      const out = Number(layer);
      layers.push(new Conv2d(channels, out, 3, { padding: 1, bias: false }), new BatchNorm(out), new ReLU());
      channels = out;
    }
  }
  return new Sequential(...layers, new GlobalAveragePool(), new Linear(channels, 10));
}

/** A network as training begins. @param {import("../cases.mjs").Case} c */
export function untrained({ network = [] }) {
  const model = network === "resnet20" ? resnet() : layersOf(network);
  const matrices = model.parameters().filter(({ shape }) => shape.length > 1);
  for (const [i, { shape, data }] of matrices.entries()) data.set(weights(shape, i));
  for (const layer of model.modules()) if (layer instanceof Linear) layer.bias?.data.fill(0);
  return model;
}

/** A network whose batch norms are no identities, as after training; in eval mode. @param {import("../cases.mjs").Case} c */
export function trained(c) {
  const model = untrained(c);
  for (const layer of model.modules()) {
    if (!(layer instanceof BatchNorm)) continue;
    const { numFeatures: channels } = layer;
    layer.weight?.data.set(gammas(channels));
    layer.bias?.data.set(betas(channels));
    layer.runningMean?.data.set(runningMeans(channels));
    layer.runningVar?.data.set(runningVariances(channels));
  }
  return model.eval();
}
