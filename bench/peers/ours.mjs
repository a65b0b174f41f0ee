// @ts-check
// batchnorm itself, with its tensors where they are during training: in the engine's memory, as PyTorch's tensors
// are in PyTorch's. Arguments: threads, and the build if it is not to be the fastest ("plain": no fused multiply-add).

import { readFileSync } from "node:fs";
import { Arena } from "../../packages/batchnorm/dist/engine/arena.js";
import { Engine } from "../../packages/batchnorm/dist/engine/engine.js";
import { BatchNorm } from "../../packages/batchnorm/dist/index.js";
import { Plan } from "../../packages/batchnorm/dist/layers/plan.js";
import { gemm } from "../../packages/batchnorm/dist/ops/linear.js";
import { betas, gammas, sample, values } from "./data.mjs";
import { prepareBatchNormTime, prepareImageTraining, prepareInference } from "./images.mjs";
import { serve } from "./serve.mjs";
import { prepareTraining } from "./training.mjs";

/** @typedef {import("./serve.mjs").Task} Task */

const threads = Number(process.argv[2]);
const plain = process.argv[3] === "plain";

await serve(async () => {
  const options = { threads, ...(plain ? { deterministic: /** @type {const} */ ("everywhere") } : {}) };
  const engine = new Engine(options);
  const arena = new Arena(engine.memory);

  /** @param {number} address @param {ArrayLike<number>} data */
  const fill = (address, data) => engine.memory.f32.set(data, address >> 2);
  /** @param {number} address @param {number} length */
  const at = (address, length) => engine.memory.f32.subarray(address >> 2, (address >> 2) + length);

  /** A batch norm layer bound as a trainer binds it. @param {import("../cases.mjs").Case} c @returns {Task} */
  function prepareBatchNorm(c) {
    const axis = c.layout === "NCHW" ? 1 : -1;
    const channels = /** @type {number} */ (c.shape.at(axis));
    const both = c.kind === "bnBoth";
    const layer = new BatchNorm(channels, { axis });
    const gamma = { value: arena.floats(channels), grad: both ? arena.floats(channels) : 0 };
    const beta = { value: arena.floats(channels), grad: both ? arena.floats(channels) : 0 };
    const slotOf = (/** @type {unknown} */ parameter) => (parameter === layer.weight ? gamma : beta);
    const plan = new Plan(engine, arena, { differentiable: both, slotOf });
    const x = plan.value(c.shape);
    const y = layer.attach(plan, x);
    fill(x.at, values(x.size, 1));
    fill(gamma.value, gammas(channels));
    fill(beta.value, betas(channels));
    if (both) fill(y.grad, values(x.size, 2));

    const run = () => {
      plan.forward();
      if (both) plan.backward();
    };
    return {
      run,
      check: () => {
        run();
        return both
          ? [...sample(at(x.grad, x.size)), at(gamma.grad, 1)[0], at(beta.grad, 1)[0]]
          : [...sample(at(y.at, y.size)), layer.runningVar?.data[0] ?? Number.NaN];
      },
    };
  }

  /** @param {import("../cases.mjs").Case} c @returns {Task} */
  function prepareGemm({ shape: [m, k, n] }) {
    const [a, b, product] = [m * k, k * n, m * n].map((length) => arena.floats(length));
    fill(a, values(m * k, 1));
    fill(b, values(k * n, 2));
    const call = gemm(engine, arena, a, b, product, 0, m, n, k, 0, 0);
    const run = () => call.run();
    return {
      run,
      check: () => {
        run();
        return sample(at(product, m * n));
      },
    };
  }

  /** @type {Record<import("../cases.mjs").Case["kind"], (c: import("../cases.mjs").Case) => Task>} */
  const prepare = {
    bnForward: prepareBatchNorm,
    bnBoth: prepareBatchNorm,
    gemm: prepareGemm,
    mnistStep: (c) => prepareTraining(c, options),
    cnnTraining: (c) => prepareImageTraining(c, options),
    cnnBatchNorm: (c) => prepareBatchNormTime(c, options),
    cnnInference: (c) => prepareInference(c, options),
  };

  const manifest = new URL("../../packages/batchnorm/package.json", import.meta.url);
  const { version } = JSON.parse(readFileSync(manifest, "utf8"));
  return {
    versions: /** @type {Record<string, string>} */ (plain ? {} : { batchnorm: `${version} (${engine.build} build)` }),
    prepare: (c) => prepare[c.kind](c),
  };
});
