// @ts-check
// What the benchmarks come to: a few ratios, for the top of the report and for the terminal.

import { gemmOperations } from "./cases.mjs";
import { fastest, measured, ofKind, overShapes, timesFaster } from "./summary.mjs";
import { duration, figures, times } from "./words.mjs";

/** @typedef {import("./summary.mjs").Recorded} Recorded */

/** Of networks with convolutions. @param {Recorded} recorded */
function ofConvolutions(recorded) {
  const rows = [];
  for (const result of ofKind(recorded, "cnnTraining")) {
    const name = `Training ${result.case.title}`;
    const best = fastest(result, ["ours-1", "ours-2"]) ?? "ours-1";
    for (const [own, other, against] of [
      ["ours-1", "torch-1", "PyTorch, 1 thread each"],
      ["ours-2", "torch-2", "PyTorch, 2 threads each"],
      [best, "jax-1", "jax-js wasm"],
      [best, "tfjscpu-1", "TensorFlow.js cpu"],
    ]) {
      const ratio = timesFaster(result, own, other);
      if (ratio) rows.push([name, against, `**${times(ratio.ofMedians)}**`, ""]);
    }
  }
  for (const result of ofKind(recorded, "cnnInference")) {
    for (const [other, against] of [
      ["torch-1", "PyTorch, 1 thread each"],
      ["onnx-1", "ONNX Runtime, 1 thread each"],
    ]) {
      const ratio = timesFaster(result, "ours-1", other);
      if (ratio) rows.push([`Inference, ${result.case.title}`, against, `**${times(ratio.ofMedians)}**`, ""]);
    }
  }
  return rows;
}

/** Rows of the table that says it all. @param {Recorded} recorded */
export function headlines(recorded) {
  const rows = [];
  for (const [kind, name] of [
    ["bnForward", "Batch norm, forward"],
    ["bnBoth", "Batch norm, forward + backward"],
  ]) {
    for (const threads of [1, 2]) {
      const over = overShapes(ofKind(recorded, kind), `ours-${threads}`, `torch-${threads}`);
      if (!over) continue;
      const other = `PyTorch, ${threads === 1 ? "1 thread each" : "2 threads each"}`;
      const range = `${times(over.least)} to ${times(over.most)}, ${over.count} shapes`;
      rows.push([name, other, `**${times(over.mean)}**`, range]);
    }
  }
  const step = ofKind(recorded, "mnistStep")[0];
  const best = step && fastest(step, ["ours-1", "ours-2"]);
  if (best) {
    const torch = fastest(step, ["torch-1", "torch-2"]);
    for (const [other, name] of [
      [torch, "PyTorch, best thread count"],
      ["jax-1", "jax-js wasm"],
      ["tfjs-1", "TensorFlow.js wasm"],
    ]) {
      const ratio = other && timesFaster(step, best, other);
      if (ratio) rows.push(["Training the paper's MNIST network", name, `**${times(ratio.ofMedians)}**`, ""]);
    }
  }
  return [...rows, ...ofConvolutions(recorded)];
}

/** Figures that are no ratios. @param {Recorded} recorded */
export function inPassing(recorded) {
  const product = ofKind(recorded, "gemm").find((result) => result.case.title === "512×512×512");
  const own = product && measured(product, "ours-1");
  const { bytes, loadedMs } = recorded.loading.batchnorm ?? {};
  const sentences = [];
  if (product && own)
    sentences.push(
      `Matrix product 512³: ${figures(gemmOperations(product.case) / own.median / 1e9)} GFLOPS at one thread.`,
    );
  if (bytes && loadedMs) {
    sentences.push(
      `Loading: ${figures(bytes / 1e3)} KB (minified, gzipped, wasm included), first output ${duration(loadedMs / 1e3)} after the import began.`,
    );
  }
  return sentences.join(" ");
}
