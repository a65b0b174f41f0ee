import { describe, expect, test } from "vitest";
import { foldChecked, operators, reasonKept } from "../support/folding.ts";
import { batchNorm, integers, model, node, parameters, random, tensor } from "../support/models.ts";

const channels = 4;
const bn = parameters("bn", channels);
const [gamma, , , variance] = bn;
const zeros = (name: string) => tensor(name, [channels], new Array(channels).fill(0));
/** A batch norm that only scales. */
const scaling = [gamma, zeros("bn.beta"), zeros("bn.mean"), variance];

describe("a batch norm goes into a Conv after it", () => {
  const convolution = { inputs: { x: [2, channels, 6, 6] }, outputs: ["y"] };

  test.each([
    { what: "without padding", w: [3, 4, 3, 3], attributes: {} },
    { what: "pads of 0", w: [3, 4, 3, 3], attributes: { pads: [0, 0, 0, 0] } },
    { what: "auto_pad VALID", w: [3, 4, 3, 3], attributes: { auto_pad: "VALID" } },
    { what: "2 groups", w: [6, 2, 3, 3], attributes: { group: 2 } },
    { what: "depthwise", w: [8, 1, 2, 2], attributes: { group: 4 } },
  ])("$what", async ({ w, attributes }) => {
    for (const bias of [false, true]) {
      const constants = [random("w", w), ...(bias ? [random("b", [w[0]])] : []), ...bn];
      const nodes = [batchNorm("bn", "x", "n"), node("Conv", bias ? "n,w,b" : "n,w", "y", attributes)];
      const { model: folded, folded: report } = await foldChecked(model({ ...convolution, constants, nodes }));
      expect(operators(folded)).toEqual(["Conv"]);
      expect(report).toEqual([{ name: "N", inside: null, into: 'Conv "Y"' }]);
    }
  });

  test.each([{ pads: [1, 1, 1, 1] }, { auto_pad: "SAME_UPPER" }])(
    "padded only where nothing is added: %j",
    async (attributes) => {
      const nodes = [batchNorm("bn", "x", "n"), node("Conv", "n,w", "y", attributes)];
      const weights = random("w", [3, 4, 3, 3]);
      const shifting = model({ ...convolution, constants: [weights, ...bn], nodes });
      expect(reasonKept(shifting)).toContain('Conv "Y" pads with zeros, which its shift would not reach');
      const { model: folded } = await foldChecked(model({ ...convolution, constants: [weights, ...scaling], nodes }));
      expect(operators(folded)).toEqual(["Conv"]);
      expect(folded.proto.graph.initializer).toHaveLength(1);
    },
  );

  test("not into a ConvTranspose, whose borders see fewer values, nor as its weights", () => {
    const transposed = [batchNorm("bn", "x", "n"), node("ConvTranspose", "n,w", "y")];
    const constants = [random("w", [4, 3, 3, 3]), ...bn];
    expect(reasonKept(model({ ...convolution, constants, nodes: transposed }))).toContain(
      'it is read by ConvTranspose "Y"',
    );
    const weights = [batchNorm("bn", "x", "n"), node("Conv", "w,n", "y")];
    expect(reasonKept(model({ ...convolution, constants, nodes: weights }))).toContain('it is read by Conv "Y"');
  });
});

describe("a batch norm goes into a Gemm or a MatMul after it", () => {
  test.each([
    { transB: 0, alpha: 1, beta: 1, bias: null },
    { transB: 1, alpha: 0.5, beta: 2, bias: [5] },
    { transB: 0, alpha: -3, beta: 0.5, bias: [3, 1] },
  ])("Gemm $transB $alpha $beta $bias", async ({ bias, ...attributes }) => {
    const weights = random("w", attributes.transB ? [5, channels] : [channels, 5]);
    const constants = [weights, ...(bias ? [random("b", bias)] : []), ...bn];
    const nodes = [batchNorm("bn", "x", "n"), node("Gemm", bias ? "n,w,b" : "n,w", "y", attributes)];
    const { model: folded } = await foldChecked(
      model({ inputs: { x: [3, channels] }, outputs: ["y"], constants, nodes }),
    );
    expect(operators(folded)).toEqual(["Gemm"]);
  });

  test.each([
    { what: "Flatten", nodes: [node("Flatten", "n", "f")] },
    { what: "Reshape", nodes: [node("Reshape", "n,shape", "f")] },
    { what: "Identity and Flatten", nodes: [node("Identity", "n", "i"), node("Flatten", "i", "f", { axis: 1 })] },
  ])("over $what: each channel stands for as many inputs", async ({ nodes }) => {
    for (const layer of ["Gemm", "MatMul"]) {
      const made = model({
        inputs: { x: ["n", channels, 2, 3] },
        outputs: ["y"],
        constants: [random("w", [channels * 6, 5]), integers("shape", [0, -1]), ...bn],
        nodes: [batchNorm("bn", "x", "n"), ...nodes, node(layer, "f,w", "y")],
      });
      const { model: folded } = await foldChecked(made);
      expect(operators(folded)).toEqual([...nodes.map(({ opType }) => opType), "Gemm"]);
    }
  });

  test("MatMul of matrices, and with the constant on the left", async () => {
    const right = model({
      inputs: { x: ["n", channels] },
      outputs: ["y"],
      constants: [random("w", [channels, 5]), ...bn],
      nodes: [batchNorm("bn", "x", "n"), node("MatMul", "n,w", "y")],
    });
    expect(operators((await foldChecked(right)).model)).toEqual(["Gemm"]);
    const left = model({
      inputs: { x: [2, channels, 6] },
      outputs: ["y"],
      constants: [random("w", [5, channels]), ...bn],
      nodes: [batchNorm("bn", "x", "n"), node("MatMul", "w,n", "y")],
    });
    expect(operators((await foldChecked(left)).model)).toEqual(["MatMul", "Add"]);
  });

  test("not where other axes are summed over, or the numbers do not go together", () => {
    const kept = (x: number[], w: number[], ...nodes: ReturnType<typeof node>[]) => {
      const constants = [random("w", w), ...bn];
      const all = [batchNorm("bn", "x", "n"), ...nodes];
      return reasonKept(model({ inputs: { x }, outputs: ["y"], constants, nodes: all }));
    };
    expect(kept([2, channels, 6], [6, 5], node("MatMul", "n,w", "y"))).toContain("where the rank is 2, and it is 3");
    expect(kept([channels, channels], [5, channels], node("MatMul", "w,n", "y"))).toContain(
      "where the rank is 3, and it is 2",
    );
    expect(kept([3, channels], [3, 5], node("Gemm", "n,w", "y", { transA: 1 }))).toContain(
      'Gemm "Y" transposes what it gives',
    );
    expect(kept([3, channels], [5, 3], node("Gemm", "n,w", "y"))).toContain(
      'Gemm "Y" has 5 inputs, which does not go with 4 channels',
    );
    const flat = [node("Flatten", "n", "f"), node("Gemm", "f,w", "y")];
    expect(kept([3, channels], [6, 3], ...flat)).toContain('Gemm "Y" has 6 inputs, which does not go with 4 channels');
    expect(kept([3, channels], [5, 3], node("Relu", "n", "y"))).toContain('it is read by Relu "Y"');
    const square = [node("MatMul", "n,n", "y")];
    expect(kept([channels, channels], [5, 3], ...square)).toContain("what it gives is read 2 times");
  });
});
