/** Random graphs of layers and batch norms: folded, they give what they gave. */
import fc from "fast-check";
import type { NodeProto, TensorProto } from "onnx-buf";
import { expect, test } from "vitest";
import { foldChecked, operators } from "../support/folding.ts";
import { batchNorm, DataType, model, node, parameters, random } from "../support/models.ts";

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

/** A row of layers over images of some rank, the parts in the order given. */
function build(parts: readonly Part[], spatial: number) {
  const nodes: NodeProto[] = [];
  const constants: TensorProto[] = [];
  let [value, channels] = ["x", 6];
  const rest = Array.from({ length: spatial }, () => 7);
  parts.forEach(({ kind, outputs, groups, kernel, pad, bias, epsilon }, i) => {
    const [next, name] = [`v${i}`, `p${i}`];
    const stored = (part: string, dims: number[]) => {
      constants.push(random(`${name}.${part}`, dims));
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
      constants.push(...parameters(name, channels));
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
  const inputs = { x: [2, 6, ...Array.from({ length: spatial }, () => 7)] };
  return model({ inputs, outputs: [value], constants, nodes });
}

const norms = (operators: string[]) => operators.filter((name) => name === "BatchNormalization").length;

test("convolutions", async () => {
  let gone = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(part, { minLength: 2, maxLength: 7 }),
      fc.integer({ min: 1, max: 3 }),
      async (parts, spatial) => {
        const made = build(parts, spatial);
        const { model: folded, folded: report } = await foldChecked(made, { bound: 2e-5, runs: 1 });
        expect(norms(operators(made)) - norms(operators(folded))).toBe(report.length);
        gone += report.length;
      },
    ),
    { numRuns: 40, seed: 11 },
  );
  expect(gone).toBeGreaterThan(20);
});

test.each([
  { what: "float32", type: DataType.FLOAT, bound: 2e-5 },
  { what: "float64", type: DataType.DOUBLE, bound: 1e-13 },
])("matrices, $what", async ({ type, bound }) => {
  const step = fc.record({
    kind: fc.constantFrom("gemm", "matmul", "norm", "norm", "leaky"),
    outputs: fc.integer({ min: 1, max: 5 }),
    transB: fc.integer({ min: 0, max: 1 }),
    scales: fc.constantFrom([1, 1], [0.5, 2], [-1, 0]),
    bias: fc.boolean(),
  });
  let gone = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 7 }), async (steps) => {
      const constants: TensorProto[] = [];
      let [value, channels] = ["x", 4];
      const nodes = steps.map(({ kind, outputs, transB, scales: [alpha, beta], bias }, i) => {
        const [from, name, next] = [value, `p${i}`, `v${i}`];
        value = next;
        if (kind === "leaky") return node("LeakyRelu", from, next);
        if (kind === "norm") {
          constants.push(...parameters(name, channels, { type }));
          return batchNorm(name, from, next);
        }
        const dims = transB && kind === "gemm" ? [outputs, channels] : [channels, outputs];
        constants.push(random(`${name}.weight`, dims, { type }));
        channels = outputs;
        if (kind === "matmul") return node("MatMul", `${from},${name}.weight`, next);
        if (bias) constants.push(random(`${name}.bias`, [outputs], { type }));
        const inputs = [from, `${name}.weight`, ...(bias ? [`${name}.bias`] : [])];
        return node("Gemm", inputs.join(), next, { transB, alpha, beta });
      });
      const made = model({ type, inputs: { x: [3, 4] }, outputs: [value], constants, nodes });
      const { folded } = await foldChecked(made, { bound, runs: 1 });
      gone += folded.length;
    }),
    { numRuns: 40, seed: 12 },
  );
  expect(gone).toBeGreaterThan(20);
});
