// @ts-check
// What is measured. A case is plain data, sent to every peer as JSON, so no peer keeps a list of its own.

/**
 * @typedef {object} Case
 * @property {string} id              unique, "suite/kind/size"
 * @property {"bn" | "mnist" | "gemm" | "cnn"} suite
 * @property {"bnForward" | "bnBoth" | "mnistStep" | "gemm" | "cnnTraining" | "cnnInference" | "cnnBatchNorm"} kind
 * @property {string} title           how a table names it
 * @property {number[]} shape         in memory order; [m, k, n] for gemm, one image for cnn
 * @property {"NC" | "NHWC" | "NCHW"} [layout]
 * @property {number} [batch]         batch size of a training step, images of a prediction
 * @property {Network} [network]
 * @property {{ lr: number, momentum: number, weightDecay: number }} [sgd]
 * @property {{ images: number, steps: number }} [check]  the training steps whose losses all peers must agree on
 * @property {number} [tolerance]     how far peers may differ; 2e-3 if nothing is said
 * @property {Record<string, string[]>} [forms]  ways in which a kind of peer can do it: each is measured, the fastest
 *           counts
 * @property {Record<string, { batch: number, rounds: number }>} [limits]  of a kind of peer that would take minutes
 * @property {string} [form]          which of the forms a peer is asked for
 */

/**
 * The residual network of the library's models, or output channels of 3×3 convolutions, each followed by batch norm and
 * ReLU, with 2×2 max pooling between them; the mean over each channel and a linear layer with 10 outputs end it.
 *
 * @typedef {"resnet20" | (number | "pool")[]} Network
 */

/** @type {{ shape: number[], layout: "NC" | "NHWC" | "NCHW" }[]} */
const activations = [
  { shape: [32, 64], layout: "NC" },
  { shape: [60, 100], layout: "NC" },
  { shape: [256, 1024], layout: "NC" },
  { shape: [32, 56, 56, 64], layout: "NHWC" },
  { shape: [128, 32, 32, 16], layout: "NHWC" },
  { shape: [128, 8, 8, 64], layout: "NHWC" },
  { shape: [32, 64, 56, 56], layout: "NCHW" },
  { shape: [128, 16, 32, 32], layout: "NCHW" },
  { shape: [128, 64, 8, 8], layout: "NCHW" },
];

const image = [32, 32, 3];

/** @type {{ resnet20: Network, small: Network }} */
const networks = { resnet20: "resnet20", small: [32, 32, "pool", 64, 64] };

/** A training step, in seconds an image; convolutions without bias, He's weights. @type {Case[]} */
const imageTraining = [
  {
    id: "cnn/training/resnet20",
    suite: "cnn",
    kind: "cnnTraining",
    title: "ResNet-20, batch 64",
    shape: image,
    batch: 64,
    network: networks.resnet20,
    sgd: { lr: 0.05, momentum: 0.9, weightDecay: 1e-4 },
    check: { images: 64, steps: 3 },
    forms: { torch: ["contiguous", "channels_last"] },
  },
  {
    id: "cnn/training/small",
    suite: "cnn",
    kind: "cnnTraining",
    title: "four convolutions, batch 64",
    shape: image,
    batch: 64,
    network: networks.small,
    sgd: { lr: 0.05, momentum: 0, weightDecay: 0 },
    check: { images: 2, steps: 2 },
    forms: { torch: ["contiguous", "channels_last"] },
    limits: { jax: { batch: 8, rounds: 2 }, tfjscpu: { batch: 1, rounds: 2 } },
  },
];

/** What batch norm's kernels take of a training step, in seconds an image. @type {Case[]} */
const batchNormTime = imageTraining.slice(0, 1).map((c) => ({
  ...c,
  id: "cnn/batchNorm/resnet20",
  kind: /** @type {const} */ ("cnnBatchNorm"),
}));

/**
 * Logits of a trained network, in seconds an image; batch norm is folded by whoever can.
 *
 * @type {Case[]}
 */
const inference = [1, 64].map((batch) => ({
  id: `cnn/inference/resnet20-${batch}`,
  suite: "cnn",
  kind: "cnnInference",
  title: `ResNet-20, batch ${batch}`,
  shape: image,
  batch,
  network: networks.resnet20,
  tolerance: 1e-4,
  forms: { torch: ["contiguous", "channels_last", "contiguous, folded", "channels_last, folded"] },
}));

/** @type {Case[]} */
export const cases = [
  ...["bnForward", "bnBoth"].flatMap((kind) =>
    activations.map(({ shape, layout }) => ({
      id: `bn/${kind}/${layout}-${shape.join("x")}`,
      suite: /** @type {const} */ ("bn"),
      kind: /** @type {"bnForward" | "bnBoth"} */ (kind),
      title: `${layout === "NC" ? "[N, C]" : layout} ${shape.join("×")}`,
      shape,
      layout,
    })),
  ),
  {
    id: "mnist/step",
    suite: "mnist",
    kind: "mnistStep",
    title: "784-100-100-100-10, batch 60",
    shape: [784, 100, 100, 100, 10],
    batch: 60,
  },
  ...[
    [512, 512, 512],
    [60, 784, 100],
  ].map((shape) => ({
    id: `gemm/${shape.join("x")}`,
    suite: /** @type {const} */ ("gemm"),
    kind: /** @type {const} */ ("gemm"),
    title: shape.join("×"),
    shape,
  })),
  ...imageTraining,
  ...batchNormTime,
  ...inference,
];

/** Number of float32 values of a batch norm case's input. @param {Case} c */
export function elements(c) {
  return c.shape.reduce((product, length) => product * length, 1);
}

/**
 * Bytes a pass has to move: forward reads x twice (statistics, then normalize) and writes y;
 * backward reads x and dy twice and writes dx.
 *
 * @param {Case} c
 */
export function bytesTouched(c) {
  const passes = c.kind === "bnForward" ? 3 : 3 + 5;
  return passes * 4 * elements(c);
}

/** Bytes of the tensors a pass works on (x, y, and for both passes dy, dx): half are copied by memcpy. @param {Case} c */
export function footprint(c) {
  return (c.kind === "bnForward" ? 2 : 4) * 4 * elements(c);
}

/** Floating-point operations of C = A·B. @param {Case} c */
export function gemmOperations(c) {
  return 2 * elements(c);
}
