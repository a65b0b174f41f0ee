// @ts-check
// What is measured. A case is plain data, sent to every peer as JSON, so no peer keeps a list of its own.

/**
 * @typedef {object} Case
 * @property {string} id              unique, "suite/kind/size"
 * @property {"bn" | "mnist" | "gemm"} suite
 * @property {"bnForward" | "bnBoth" | "mnistStep" | "gemm"} kind
 * @property {string} title           how a table names it
 * @property {number[]} shape         in memory order; [m, k, n] for gemm
 * @property {"NC" | "NHWC" | "NCHW"} [layout]
 * @property {number} [batch]         batch size of a training step
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
