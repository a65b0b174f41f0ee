// @ts-check
// docs/benchmarks.md, written from the recorded figures alone.

import { bytesTouched, footprint, gemmOperations } from "./cases.mjs";
import { convolutionalNetworks, howNetworksWereMeasured } from "./convolution.mjs";
import { headlines, inPassing } from "./headlines.mjs";
import { fastest, measured, missing, ofKind, timesFaster } from "./summary.mjs";
import { duration, figures, medianAndBest, table, times } from "./words.mjs";

/** @typedef {import("./summary.mjs").Result} Result */
/** @typedef {import("./summary.mjs").Recorded} Recorded */

/** @param {Recorded} recorded @param {string} kind */
function againstPytorch(recorded, kind) {
  const rows = ofKind(recorded, kind).map((result) => [
    result.case.title,
    ...[1, 2].flatMap((threads) => {
      const ratio = timesFaster(result, `ours-${threads}`, `torch-${threads}`);
      return [
        ratio ? `**${times(ratio.ofMedians)}** · ${times(ratio.byRound)}` : "–",
        medianAndBest(measured(result, `ours-${threads}`)),
        medianAndBest(measured(result, `torch-${threads}`)),
      ];
    }),
  ]);
  const head = ["", "**1 thread: ratio**", "batchnorm", "PyTorch", "**2 threads: ratio**", "batchnorm", "PyTorch"];
  return table(head, rows);
}

/** @param {Recorded} recorded */
function otherPeers(recorded) {
  const rows = [...ofKind(recorded, "bnForward"), ...ofKind(recorded, "bnBoth")].map((result) => [
    `${result.case.title}, ${result.case.kind === "bnForward" ? "forward" : "both"}`,
    ...["torch-1", "jax-1", "tfjs-1"].map((row) => times(timesFaster(result, "eager-1", row)?.ofMedians)),
    ...["eager-1", "eager-2", "jax-1", "tfjs-1"].map((row) => medianAndBest(measured(result, row))),
  ]);
  const head = [
    "",
    "**× PyTorch**",
    "**× jax-js**",
    "**× TF.js**",
    "eager, 1 thread",
    "eager, 2 threads",
    "jax-js",
    "TensorFlow.js",
  ];
  return table(head, rows);
}

/** Shapes of at least a megabyte: below, a call's fixed cost counts and not the memory. @param {Recorded} recorded */
function bandwidth(recorded) {
  const large = [...ofKind(recorded, "bnForward"), ...ofKind(recorded, "bnBoth")].filter(
    ({ case: c }) => bytesTouched(c) >= 3 * 2 ** 20,
  );
  const rows = large.map((result) => [
    `${result.case.title}, ${result.case.kind === "bnForward" ? "forward" : "both"}`,
    ...[1, 2].flatMap((threads) => {
      const own = measured(result, `ours-${threads}`);
      const copy = measured(result, `memcpy-${threads}`);
      const rate = own && bytesTouched(result.case) / own.median / 1e9;
      const limit = copy && footprint(result.case) / copy.median / 1e9;
      const share = rate && limit ? `${Math.round((100 * rate) / limit)}%` : "–";
      return [share, rate ? figures(rate) : "–", limit ? figures(limit) : "–"];
    }),
  ]);
  return table(["GB/s", "1 thread: share", "batchnorm", "memcpy", "2 threads: share", "batchnorm", "memcpy"], rows);
}

/** @param {Recorded} recorded */
function training(recorded) {
  const step = ofKind(recorded, "mnistStep")[0];
  if (!step) return "";
  const best = fastest(step, ["ours-1", "ours-2"]);
  const rows = [
    ["ours-1", "batchnorm, 1 thread"],
    ["ours-2", "batchnorm, 2 threads"],
    ["plain-1", "batchnorm, 1 thread, without fused multiply-add"],
    ["torch-1", "PyTorch, 1 thread"],
    ["torch-2", "PyTorch, 2 threads"],
    ["jax-1", "jax-js wasm"],
    ["tfjs-1", "TensorFlow.js wasm"],
  ].map(([row, name]) => {
    const m = measured(step, row);
    const rate = m && { median: 1 / m.median, best: 1 / m.best };
    const ratio = best ? timesFaster(step, best, row) : undefined;
    const word = (/** @type {number} */ value) => String(Math.round(value));
    return [name, row === best ? "–" : `**${times(ratio?.ofMedians)}**`, medianAndBest(rate, word)];
  });
  return `${table(["", "batchnorm's fastest is faster by", "steps a second: median (best)"], rows)}\n\n${shareOfBatchNorm(recorded, step)}`;
}

/** @param {Recorded} recorded @param {Result} step */
function shareOfBatchNorm(recorded, step) {
  const layer = ofKind(recorded, "bnBoth").find((result) => result.case.shape.join() === "60,100");
  const [own, whole] = [layer && measured(layer, "ours-1"), measured(step, "ours-1")];
  if (!own || !whole) return "";
  const share = (3 * own.median) / whole.median;
  return `Batch norm takes ${figures(100 * share)}% of the step at one thread: three layers of [60, 100], forward and backward, ${duration(own.median)} each, of ${duration(whole.median)}.`;
}

/** @param {Recorded} recorded */
function gemm(recorded) {
  const results = ofKind(recorded, "gemm");
  const rows = [
    ["ours-1", "batchnorm, relaxed SIMD"],
    ["plain-1", "batchnorm, plain SIMD"],
    ["torch-1", "PyTorch (OpenBLAS)"],
    ["jax-1", "jax-js wasm"],
    ["tfjs-1", "TensorFlow.js wasm"],
  ].map(([row, name]) => [
    name,
    ...results.map((result) => {
      const m = measured(result, row);
      const operations = gemmOperations(result.case);
      const rate = m && { median: operations / m.median / 1e9, best: operations / m.best / 1e9 };
      return medianAndBest(rate, figures);
    }),
  ]);
  return table(["GFLOPS, 1 thread", ...results.map((result) => result.case.title)], rows);
}

/** @param {Recorded} recorded */
function loading({ loading }) {
  const rows = Object.entries(loading).map(([name, { startedMs, loadedMs, bytes, notMeasured }]) => [
    name,
    bytes ? `${figures(bytes / 1e3)} KB` : "–",
    notMeasured || loadedMs === undefined ? "–" : duration(loadedMs / 1e3),
    notMeasured || startedMs === undefined ? "–" : duration(startedMs / 1e3),
  ]);
  return table(
    ["", "a page loads (min + gzip, wasm included)", "import to first output", "process start to first output"],
    rows,
  );
}

/** @param {Recorded} recorded */
function howMeasured({ rounds, sliceMs, load, machine, versions, date, results }) {
  const networks = results.some((result) => result.case.suite === "cnn") ? `\n${howNetworksWereMeasured}` : "";
  const noise = load
    ? ` Meanwhile other processes took ${Math.round(100 * load.others)}% of the processors and the hypervisor withheld ${Math.round(100 * load.stolen)}%.`
    : "";
  return `- ${machine.cpu}, ${machine.cores} cores, ${machine.memory}, ${machine.system}, Node ${machine.node}; ${Object.entries(
    versions,
  )
    .map(([name, version]) => `${name} ${version}`)
    .join(", ")}. ${date}.
- ${rounds} rounds. Each round times every peer on every case for ${sliceMs} ms after a warm-up, one after the other, starting with another peer each time; the others sleep. A cell is the median over the rounds of a slice's mean, the best sample in brackets. Ratios are of the medians; behind a dot, the median of the ratios round by round.${noise}
- Before anything is timed, all peers compute the case from the same numbers and must agree: outputs, gradients, running variance, the losses of five training steps.
- Train mode throughout: batch statistics, running statistics updated. "Forward + backward" gives the gradients of x, γ and β for a given dy. PyTorch runs \`F.batch_norm\` and its autograd, in \`channels_last\` for NHWC, with malloc set to keep freed memory; at two threads, the faster of spinning and sleeping OpenMP threads. TensorFlow.js and jax-js (under \`jit\`) have one thread in Node.
- "batchnorm" has its tensors in the device's memory, as in a training step, like PyTorch's in its own. "Eager" is \`layer.forward\` and \`layer.backward\` on ordinary Float32Arrays, copies in and out included.
- Bytes: forward reads x twice and writes y; backward reads x and dy twice and writes dx. memcpy copies half of the bytes that the case's tensors take to the other half, in the same round. A share above 100% means that the second reading came from a cache.${networks}`;
}

/** A warning where the figures deserve one. @param {Recorded} recorded */
function busy({ load }) {
  const share = load ? load.others + load.stolen : 0;
  if (share <= 0.1) return [];
  return [
    `**The machine was busy: ${Math.round(100 * share)}% of its processors went to others. Repeat this on a quiet one.**`,
  ];
}

/** @param {Recorded} recorded */
export function report(recorded) {
  const { results, loading: loaded } = recorded;
  const has = (/** @type {string} */ suite) => results.some((result) => result.case.suite === suite);
  const gaps = missing(results, recorded.names, loaded);
  const parts = [
    "# Benchmarks",
    "Written by `npm run bench`; the raw figures are in [results/benchmarks.json](results/benchmarks.json).",
    ...busy(recorded),
    "## In short",
    table(["", "against", "batchnorm is faster by", ""], headlines(recorded), 2),
    inPassing(recorded),
  ];
  if (has("bn")) {
    parts.push(
      "## Batch norm against PyTorch",
      "Above 1×, batchnorm is faster. Times: median (best).",
      "### Forward",
      againstPytorch(recorded, "bnForward"),
      "### Forward + backward",
      againstPytorch(recorded, "bnBoth"),
      "### Of the speed of memory",
      "Bytes that the passes read and write, a second, beside memcpy at as many threads.",
      bandwidth(recorded),
      "### Eager, and the other JavaScript libraries",
      "How many times faster eager calls are, all at one thread; then the times. Both: forward + backward.",
      otherPeers(recorded),
    );
  }
  if (has("mnist"))
    parts.push(
      "## Training the paper's MNIST network",
      "784-100-100-100-10, sigmoid, batch norm, batches of 60, SGD.",
      training(recorded),
    );
  if (has("cnn")) parts.push(...convolutionalNetworks(recorded));
  if (has("gemm")) parts.push("## Matrix product", gemm(recorded));
  if (Object.keys(loaded).length > 0) parts.push("## Loading", loading(recorded));
  if (gaps.length > 0) parts.push("## Not measured", gaps.map((line) => `- ${line}`).join("\n"));
  parts.push(
    "## How this was measured",
    howMeasured(recorded),
    "## Repeat it",
    "```sh\nsh bench/peers.sh   # once, on Debian or Ubuntu: PyTorch\nnpm run bench\n```",
  );
  return `${parts.filter(Boolean).join("\n\n")}\n`;
}
