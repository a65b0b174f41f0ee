// @ts-check
// batchnorm itself, with its tensors where they are during training: in the engine's memory, as PyTorch's tensors
// are in PyTorch's. Arguments: threads, and the build if it is not to be the fastest ("plain": no fused multiply-add).

import { readFileSync } from "node:fs";
import { BatchNorm, tensor, WasmDevice } from "batchnorm";
import { BoundLayer, gemm, Operation } from "batchnorm/extend";
import { betas, gammas, sample, values } from "./data.mjs";
import { prepareBatchNormTime, prepareImageTraining, prepareInference } from "./images.mjs";
import { serve } from "./serve.mjs";
import { prepareTraining } from "./training.mjs";

/** @typedef {import("./serve.mjs").Task} Task */

const threads = Number(process.argv[2]);
const plain = process.argv[3] === "plain";

/** Two matrices one after another, and their product. */
class Product extends Operation {
  /** @param {number} m @param {number} k @param {number} n */
  constructor(m, k, n) {
    super();
    this.size = { m, k, n };
  }

  /** @override */
  infer() {
    return [this.size.m, this.size.n];
  }

  /** @override @param {import("batchnorm/extend").Site} site */
  bind(site) {
    const { m, k, n } = this.size;
    const [a, b] = [site.words(m * k), site.words(k * n)];
    site.device.write(a.region, 0, values(m * k, 1));
    site.device.write(b.region, 0, values(k * n, 2));
    gemm(site, { a, b, c: site.output().at, bias: null, m, n, k, transposeA: 0, transposeB: 0 });
  }
}

await serve(async () => {
  const options = { threads, ...(plain ? { deterministic: /** @type {const} */ ("everywhere") } : {}) };
  const device = new WasmDevice(options);

  /** A batch norm layer bound as a trainer binds it. @param {import("../cases.mjs").Case} c @returns {Task} */
  function prepareBatchNorm(c) {
    const axis = c.layout === "NCHW" ? 1 : -1;
    const channels = /** @type {number} */ (c.shape.at(axis));
    const both = c.kind === "bnBoth";
    const layer = new BatchNorm(channels, { axis });
    layer.weight?.data.set(gammas(channels));
    layer.bias?.data.set(betas(channels));
    const size = c.shape.reduce((product, n) => product * n, 1);
    const [x, dy] = [tensor(values(size, 1), c.shape), tensor(values(size, 2), c.shape)];
    const call = new BoundLayer(device, layer, c.shape);
    const y = call.forwardNow(x);
    call.backwardNow(dy);
    return {
      run: () => {
        call.again("forward");
        if (both) call.again("backward");
      },
      check: () => {
        if (!both) return [...sample(y.data), layer.runningVar?.data[0] ?? Number.NaN];
        layer.zeroGrad();
        const dx = call.backwardNow(dy);
        return [...sample(dx.data), ...[layer.weight, layer.bias].map((p) => p?.grad?.data[0] ?? Number.NaN)];
      },
    };
  }

  /** @param {import("../cases.mjs").Case} c @returns {Task} */
  function prepareGemm({ shape: [m, k, n] }) {
    const call = new BoundLayer(device, new Product(m, k, n), [1]);
    const nothing = tensor(Float32Array.of(0), [1]);
    return { run: () => call.again("forward"), check: () => sample(call.forwardNow(nothing).data) };
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
    versions: /** @type {Record<string, string>} */ (plain ? {} : { batchnorm: `${version} (${device.build} build)` }),
    prepare: (c) => prepare[c.kind](c),
  };
});
