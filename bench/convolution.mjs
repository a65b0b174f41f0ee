// @ts-check
// The part of the report about convolutional networks: images a second.

import { fastest, measured, ofKind, timesFaster } from "./summary.mjs";
import { duration, figures, medianAndBest, table, times } from "./words.mjs";

/** @typedef {import("./summary.mjs").Result} Result */
/** @typedef {import("./summary.mjs").Recorded} Recorded */

/** Images a second, and the form that was the fastest if there were several. @param {Result} result @param {string} row */
function rate(result, row) {
  const m = measured(result, row);
  const form = m?.id.split(":")[1];
  const cell = medianAndBest(m && { median: 1 / m.median, best: 1 / m.best }, figures);
  return form ? `${cell} ${form}` : cell;
}

/** @param {Result} result @param {string} row @param {string} other */
function ratio(result, row, other) {
  const faster = timesFaster(result, row, other);
  return faster ? `**${times(faster.ofMedians)}** · ${times(faster.byRound)}` : "–";
}

/** @param {Recorded} recorded */
function againstPytorch(recorded) {
  const rows = ofKind(recorded, "cnnTraining").map((result) => [
    result.case.title,
    ...[1, 2].flatMap((threads) => [
      ratio(result, `ours-${threads}`, `torch-${threads}`),
      rate(result, `ours-${threads}`),
      rate(result, `torch-${threads}`),
    ]),
    ratio(result, "ours-2", "ours-1"),
  ]);
  const perThreads = (/** @type {string} */ threads) => [`**${threads}: ratio**`, "batchnorm", "PyTorch"];
  return table(["images/s", ...perThreads("1 thread"), ...perThreads("2 threads"), "batchnorm, 2 threads : 1"], rows);
}

/** Networks that the JavaScript libraries were asked to train as well. @param {Recorded} recorded */
function againstJavaScript(recorded) {
  return ofKind(recorded, "cnnTraining")
    .filter((result) => "jax-1" in result.peers)
    .map((result) => {
      const best = fastest(result, ["ours-1", "ours-2"]);
      const rows = [
        ["jax-1", "jax-js wasm"],
        ["tfjscpu-1", "TensorFlow.js cpu"],
      ].map(([row, name]) => {
        const { batch } = result.case.limits?.[row.split("-")[0]] ?? result.case;
        const faster = best ? timesFaster(result, best, row) : undefined;
        return [`${name}, batch ${batch}`, `**${times(faster?.ofMedians)}**`, rate(result, row)];
      });
      const head = [result.case.title, "batchnorm's fastest is faster by", "images/s"];
      return table(head, rows);
    })
    .join("\n\n");
}

/** @param {Recorded} recorded */
function shareOfBatchNorm(recorded) {
  return ofKind(recorded, "cnnBatchNorm")
    .map((result) => {
      const step = ofKind(recorded, "cnnTraining").find(({ case: c }) => c.title === result.case.title);
      const [own, whole] = [measured(result, "ours-1"), step && measured(step, "ours-1")];
      if (!own || !whole) return "";
      const { title, batch = 1 } = result.case;
      const share = figures((100 * own.median) / whole.median);
      return `Batch norm takes ${share}% of a step of ${title} at one thread: its kernels, forward and backward, run for ${duration(batch * own.median)} of ${duration(batch * whole.median)}.`;
    })
    .join("\n\n");
}

/** @param {Recorded} recorded */
function predictions(recorded) {
  const rows = ofKind(recorded, "cnnInference").flatMap((result) =>
    [1, 2].map((threads) => [
      `${result.case.title}, ${threads === 1 ? "1 thread" : "2 threads"}`,
      ...["torch", "onnx"].map((other) => ratio(result, `ours-${threads}`, `${other}-${threads}`)),
      ...["ours", "torch", "onnx"].map((peer) => rate(result, `${peer}-${threads}`)),
    ]),
  );
  return table(["images/s", "**× PyTorch**", "**× ONNX Runtime**", "batchnorm", "PyTorch", "ONNX Runtime"], rows);
}

/** Sections of the report. @param {Recorded} recorded */
export function convolutionalNetworks(recorded) {
  return [
    "## Training convolutional networks",
    "Images of 32×32×3, 10 classes, SGD; ResNet-20 with momentum and weight decay. Four convolutions: two 3×3 of 32 channels, 2×2 max pooling, two of 64, each with batch norm and ReLU; global average pooling, linear layer.",
    againstPytorch(recorded),
    againstJavaScript(recorded),
    shareOfBatchNorm(recorded),
    "## ResNet-20 inference",
    predictions(recorded),
  ];
}

/** What a reader has to know about these figures. */
export const howNetworksWereMeasured = `- Convolutional networks: seconds an image, with at least one step a slice. Before they are timed, all peers must agree on the losses of two or three steps to 2e-3, and on the logits of inference to 1e-4. PyTorch in its faster memory format, contiguous or \`channels_last\`, which the table names. Of the JavaScript libraries, jax-js is measured with batches of 8 and TensorFlow.js with single images, for two rounds, as a step takes seconds; TensorFlow.js on its "cpu" backend, because "wasm" has no gradient of a convolution's weights.
- Batch norm's share: the time of its kernels, added up over a step.
- Inference: batchnorm as \`Inference\`, which folds batch norm; copies of images and logits included. PyTorch in eval and inference mode, as it is or with \`fuse_conv_bn_eval\` ("folded"), whichever is faster. ONNX Runtime with all its optimizations, batch norm folded in the file.`;
