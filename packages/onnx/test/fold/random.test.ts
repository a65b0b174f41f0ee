/** Random graphs of layers and batch norms: folded, they give what they gave. */
import fc from "fast-check";
import type { NodeProto, TensorProto } from "onnx-buf";
import { expect, test } from "vitest";
import { foldChecked, operators } from "../support/folding.ts";
import { batchNorm, DataType, integers, model, node, parameters, random } from "../support/models.ts";

interface Part {
  kind: "conv" | "transposed" | "norm" | "leaky" | "identity" | "bias" | "branch";
  outputs: number;
  groups: number;
  kernel: number;
  pad: number;
  bias: boolean;
  epsilon: number;
}

const part: fc.Arbitrary<Part> = fc.record({
  kind: fc.constantFrom("conv", "transposed", "norm", "norm", "norm", "leaky", "identity", "bias", "branch"),
  outputs: fc.integer({ min: 1, max: 3 }),
  groups: fc.integer({ min: 1, max: 3 }),
  kernel: fc.integer({ min: 1, max: 3 }),
  pad: fc.integer({ min: 0, max: 1 }),
  bias: fc.boolean(),
  epsilon: fc.constantFrom(1e-5, 1e-3, 0),
});

interface Images {
  parts: readonly Part[];
  /** Axes after the channels'. */
  spatial: number;
  /** Whether a Flatten and a Gemm come last. */
  head: boolean;
  type: DataType;
}

/** A row of layers over images of some rank, the parts in the order given. */
function build({ parts, spatial, head, type }: Images) {
  const nodes: NodeProto[] = [];
  const constants: TensorProto[] = [];
  let [value, channels] = ["x", 6];
  const rest = Array.from({ length: spatial }, () => 7);
  parts.forEach(({ kind, outputs, groups, kernel, pad, bias, epsilon }, i) => {
    const [next, name] = [`v${i}`, `p${i}`];
    const stored = (part: string, dims: number[]) => {
      constants.push(random(`${name}.${part}`, dims, { type }));
      return `${name}.${part}`;
    };
    if (kind === "conv" || kind === "transposed") {
      const split = channels % groups === 0 ? groups : 1;
      const total = outputs * split;
      const taps = rest.map(() => kernel);
      const w = kind === "conv" ? [total, channels / split, ...taps] : [channels, outputs, ...taps];
      const inputs = [value, stored("weight", w), ...(bias ? [stored("bias", [total])] : [])];
      const padding = Math.min(pad, kernel - 1);
      const attributes = { group: split, pads: [...rest, ...rest].map(() => padding) };
      nodes.push(node(kind === "conv" ? "Conv" : "ConvTranspose", inputs.join(), next, attributes));
      channels = total;
      const grown = kind === "conv" ? 2 * padding - kernel + 1 : kernel - 1 - 2 * padding;
      rest.forEach((size, axis) => {
        rest[axis] = size + grown;
      });
    } else if (kind === "norm") {
      constants.push(...parameters(name, channels, { type }));
      nodes.push(batchNorm(name, value, next, { epsilon }));
    } else if (kind === "bias") {
      nodes.push(node("Add", `${value},${stored("bias", [channels, ...rest.map(() => 1)])}`, next));
    } else if (kind === "branch") {
      nodes.push(node("LeakyRelu", value, `${next}r`), node("Add", `${value},${next}r`, next));
    } else {
      nodes.push(node(kind === "leaky" ? "LeakyRelu" : "Identity", value, next));
    }
    value = next;
  });
  if (head) {
    const features = rest.reduce((product, size) => product * size, channels);
    constants.push(random("head.weight", [features, 3], { type }));
    nodes.push(node("Flatten", value, "flat"), node("Gemm", "flat,head.weight", "scores"));
    value = "scores";
  }
  const inputs = { x: [2, 6, ...Array.from({ length: spatial }, () => 7)] };
  return model({ type, inputs, outputs: [value], constants, nodes });
}

const norms = (operators: string[]) => operators.filter((name) => name === "BatchNormalization").length;

test.each([
  { what: "float32", type: DataType.FLOAT, bound: 2e-5, numRuns: 40 },
  { what: "float16", type: DataType.FLOAT16, bound: 1e-2, numRuns: 20 },
])("convolutions, $what", async ({ type, bound, numRuns }) => {
  let gone = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(part, { minLength: 2, maxLength: 7 }),
      fc.integer({ min: 1, max: 3 }),
      fc.boolean(),
      async (parts, spatial, head) => {
        const made = build({ parts, spatial, head, type });
        const { model: folded, folded: report } = await foldChecked(made, { bound, runs: 1 });
        expect(norms(operators(made)) - norms(operators(folded))).toBe(report.length);
        gone += report.length;
      },
    ),
    { numRuns, seed: 11 },
  );
  expect(gone).toBeGreaterThan(numRuns / 2);
});

test.each([
  { what: "float32", type: DataType.FLOAT, bound: 2e-5 },
  { what: "float64", type: DataType.DOUBLE, bound: 1e-13 },
  { what: "float16", type: DataType.FLOAT16, bound: 1e-2 },
])("matrices, $what", async ({ type, bound }) => {
  const step = fc.record({
    kind: fc.constantFrom("gemm", "matmul", "norm", "norm", "leaky", "add"),
    outputs: fc.integer({ min: 1, max: 5 }),
    transA: fc.integer({ min: 0, max: 1 }),
    transB: fc.integer({ min: 0, max: 1 }),
    scales: fc.constantFrom([1, 1], [0.5, 2], [-1, 0]),
    bias: fc.boolean(),
  });
  let gone = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 7 }), async (steps) => {
      const constants: TensorProto[] = [];
      let [value, channels] = ["x", 4];
      const nodes = steps.flatMap(({ kind, outputs, transA, transB, scales: [alpha, beta], bias }, i) => {
        const [from, name, next] = [value, `p${i}`, `v${i}`];
        value = next;
        if (kind === "leaky") return node("LeakyRelu", from, next);
        if (kind === "norm") {
          constants.push(...parameters(name, channels, { type }));
          return batchNorm(name, from, next);
        }
        if (kind === "add") {
          constants.push(random(`${name}.added`, [channels], { type }));
          return node("Add", `${name}.added,${from}`, next);
        }
        const dims = transB && kind === "gemm" ? [outputs, channels] : [channels, outputs];
        constants.push(random(`${name}.weight`, dims, { type }));
        channels = outputs;
        if (kind === "matmul") return node("MatMul", `${from},${name}.weight`, next);
        if (bias) constants.push(random(`${name}.bias`, [outputs], { type }));
        const turned = transA ? `${next}t` : from;
        const inputs = [turned, `${name}.weight`, ...(bias ? [`${name}.bias`] : [])];
        const gemm = node("Gemm", inputs.join(), next, { transA, transB, alpha, beta });
        return transA ? [node("Transpose", from, turned), gemm] : [gemm];
      });
      const made = model({ type, inputs: { x: [3, 4] }, outputs: [value], constants, nodes });
      const { folded } = await foldChecked(made, { bound, runs: 1 });
      gone += folded.length;
    }),
    { numRuns: 40, seed: 12 },
  );
  expect(gone).toBeGreaterThan(20);
});

/** Ways to batch norms whose channels are on axis 1, from [N, L, C], and back; "across" is none: L is their channels. */
const ways = ["transposed", "rows", "image", "left", "across"] as const;

interface Block {
  way: (typeof ways)[number];
  outputs: number;
  bias: boolean;
  twice: boolean;
  leaky: boolean;
}

const block: fc.Arbitrary<Block> = fc.record({
  way: fc.constantFrom(...ways),
  outputs: fc.integer({ min: 1, max: 5 }),
  bias: fc.boolean(),
  twice: fc.boolean(),
  leaky: fc.boolean(),
});

/** A row of blocks over sequences: a MatMul with the constant on either side, perhaps an Add, and batch norms. */
function buildSequences(blocks: readonly Block[], type: DataType) {
  const [count, height, width, length, inputs] = [2, 2, 3, 6, 4];
  const constants: TensorProto[] = [];
  const nodes: NodeProto[] = [];
  let [value, channels] = ["x", inputs];
  const then = (make: (output: string) => NodeProto) => {
    const output = `v${nodes.length}`;
    nodes.push(make(output));
    value = output;
  };
  const stored = (dims: number[]) => {
    constants.push(random(`c${constants.length}`, dims, { type }));
    return constants[constants.length - 1].name;
  };
  const turn = (...perm: number[]) => then((output) => node("Transpose", value, output, { perm }));
  const reshape = (...shape: number[]) => {
    const name = `shape${constants.length}`;
    constants.push(integers(name, shape));
    then((output) => node("Reshape", `${value},${name}`, output));
  };
  const norm = () => {
    const name = `norm${nodes.length}`;
    constants.push(...parameters(name, channels, { type }));
    then((output) => batchNorm(name, value, output));
  };
  for (const { way, bias, twice, leaky, ...rest } of blocks) {
    const left = way === "left";
    // As many, so that only the axis tells.
    const outputs = way === "across" ? length : rest.outputs;
    if (left) turn(0, 2, 1);
    const weight = stored(left ? [outputs, channels] : [channels, outputs]);
    then((output) => node("MatMul", left ? `${weight},${value}` : `${value},${weight}`, output));
    channels = outputs;
    if (bias) {
      const added = stored(left ? [channels, 1] : [channels]);
      then((output) => node("Add", `${value},${added}`, output));
    }
    if (way === "transposed") turn(0, 2, 1);
    if (way === "rows") reshape(-1, channels);
    if (way === "image") {
      reshape(count, height, width, channels);
      turn(0, 3, 1, 2);
    }
    norm();
    if (twice) norm();
    if (leaky) then((output) => node("LeakyRelu", value, output));
    if (way === "transposed" || left) turn(0, 2, 1);
    if (way === "image") turn(0, 2, 3, 1);
    if (way === "rows" || way === "image") reshape(count, length, channels);
  }
  return model({ type, inputs: { x: [count, length, inputs] }, outputs: [value], constants, nodes });
}

test.each([
  { what: "float32", type: DataType.FLOAT, bound: 2e-5, numRuns: 40 },
  { what: "float16", type: DataType.FLOAT16, bound: 1e-2, numRuns: 20 },
])("sequences, $what: every batch norm over the channels goes", async ({ type, bound, numRuns }) => {
  const seen = new Map<string, number>(ways.map((way) => [way, 0]));
  await fc.assert(
    fc.asyncProperty(fc.array(block, { minLength: 1, maxLength: 4 }), async (blocks) => {
      const made = buildSequences(blocks, type);
      const { model: folded } = await foldChecked(made, { bound, runs: 1 });
      // Of two across, the second goes into the first.
      expect(norms(operators(folded))).toBe(blocks.filter(({ way }) => way === "across").length);
      for (const { way } of blocks) seen.set(way, seen.get(way)! + 1);
    }),
    { numRuns, seed: 13 },
  );
  for (const [way, times] of seen) expect(times, way).toBeGreaterThan(numRuns / 4);
});
