// @ts-check
// Who takes part, with how many threads, in which cases.

import { existsSync } from "node:fs";

/** @typedef {import("./peer.mjs").PeerSpec} PeerSpec */

const node = process.execPath;

/** Debian's PyTorch belongs to Debian's Python, which need not be the first on the PATH. */
export const systemPython = existsSync("/usr/bin/python3") ? "/usr/bin/python3" : "python3";

/**
 * Settings under which PyTorch is fastest: freed memory is kept (large tensors would else be mapped and cleared
 * anew for every result), and each library has the same number of threads.
 *
 * @param {number} threads
 */
function pytorchEnv(threads) {
  return {
    OMP_NUM_THREADS: String(threads),
    OPENBLAS_NUM_THREADS: String(threads),
    MALLOC_MMAP_THRESHOLD_: String(32 * 2 ** 20),
    MALLOC_TRIM_THRESHOLD_: String(4e9),
    PYTHONDONTWRITEBYTECODE: "1",
  };
}

/** Whether a case trains a network that every peer can be written for. @param {import("./cases.mjs").Case} c */
function trainsLayers(c) {
  return c.kind === "cnnTraining" && Array.isArray(c.network);
}

/**
 * @param {string} python  the interpreter that has PyTorch
 * @returns {PeerSpec[]}
 */
export function peerSpecs(python) {
  const ours = [1, 2].flatMap((threads) => [
    {
      id: `ours-${threads}`,
      label: "batchnorm",
      threads,
      command: [node, "peers/ours.mjs", String(threads)],
      measures: (/** @type {import("./cases.mjs").Case} */ c) =>
        threads === 1 || (c.suite !== "gemm" && c.kind !== "cnnBatchNorm"),
    },
    {
      id: `eager-${threads}`,
      label: "batchnorm, eager",
      threads,
      command: [node, "peers/eager.mjs", String(threads)],
      measures: (/** @type {import("./cases.mjs").Case} */ c) => c.suite === "bn",
    },
  ]);
  return [
    // First, because the first that answers sets the result that the others must have.
    {
      id: "torch-1",
      label: "PyTorch",
      threads: 1,
      command: [python, "-u", "peers/pytorch.py", "1"],
      env: pytorchEnv(1),
      measures: (c) => c.kind !== "cnnBatchNorm",
    },
    // OpenMP's threads wait for work either spinning or asleep. Which is faster depends on the case and on how quiet
    // the machine is, so both are measured and the report takes the faster for each case.
    ...["active", "passive"].map((policy) => ({
      id: `torch-2-${policy}`,
      label: `PyTorch (${policy === "passive" ? "threads that sleep" : "threads that spin"})`,
      threads: 2,
      command: [python, "-u", "peers/pytorch.py", "2"],
      env: { ...pytorchEnv(2), ...(policy === "passive" ? { OMP_WAIT_POLICY: "passive" } : {}) },
      measures: (/** @type {import("./cases.mjs").Case} */ c) => c.suite !== "gemm" && c.kind !== "cnnBatchNorm",
    })),
    ...ours,
    {
      id: "plain-1",
      label: "batchnorm, plain SIMD",
      threads: 1,
      command: [node, "peers/ours.mjs", "1", "plain"],
      measures: (c) => c.suite === "mnist" || c.suite === "gemm",
    },
    {
      id: "tfjs-1",
      label: "TensorFlow.js wasm",
      threads: 1,
      command: [node, "peers/tfjs.mjs", "wasm"],
      measures: (c) => c.suite !== "cnn" || trainsLayers(c),
    },
    // Plain JavaScript, and the only backend that has the gradient of a convolution's weights in Node.
    {
      id: "tfjscpu-1",
      label: "TensorFlow.js cpu",
      threads: 1,
      command: [node, "peers/tfjs.mjs", "cpu"],
      measures: trainsLayers,
    },
    {
      id: "jax-1",
      label: "jax-js wasm",
      threads: 1,
      command: [node, "peers/jax.mjs"],
      measures: (c) => c.suite !== "cnn" || trainsLayers(c),
    },
    ...[1, 2].map((threads) => ({
      id: `onnx-${threads}`,
      label: "ONNX Runtime",
      threads,
      command: [node, "peers/onnx.mjs", String(threads)],
      measures: (/** @type {import("./cases.mjs").Case} */ c) => c.kind === "cnnInference",
    })),
    ...[1, 2].map((threads) => ({
      id: `memcpy-${threads}`,
      label: "memcpy",
      threads,
      command: [node, "peers/memcpy.mjs", String(threads)],
      measures: (/** @type {import("./cases.mjs").Case} */ c) => c.suite === "bn",
    })),
  ];
}
