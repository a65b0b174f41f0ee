import { describe, expect, test } from "vitest";
import { foldChecked, operators, reasonKept } from "../support/folding.ts";
import { batchNorm, DataType, model, node, parameters, random } from "../support/models.ts";

const [rows, inputs, outputs] = [3, 5, 4];

describe("a batch norm goes into a Gemm before it", () => {
  test.each([
    { transA: 0, transB: 0, alpha: 1, beta: 1 },
    { transA: 0, transB: 1, alpha: 0.5, beta: 2 },
    { transA: 1, transB: 0, alpha: -2, beta: 0 },
    { transA: 1, transB: 1, alpha: 1, beta: 0.25 },
  ])("$transA $transB $alpha $beta", async (attributes) => {
    const { transA, transB } = attributes;
    const made = model({
      inputs: { x: transA ? [inputs, rows] : [rows, inputs] },
      outputs: ["y"],
      constants: [
        random("w", transB ? [outputs, inputs] : [inputs, outputs]),
        random("b", [outputs]),
        ...parameters("bn", outputs),
      ],
      nodes: [node("Gemm", "x,w,b", "g", attributes), batchNorm("bn", "g", "y")],
    });
    const { model: folded } = await foldChecked(made);
    expect(operators(folded)).toEqual(["Gemm"]);
    const { initializer } = folded.proto.graph;
    expect(initializer.map(({ name }) => name)).toEqual(["w", "b"]);
  });

  test.each([[[]], [[1]], [[outputs]], [[1, 1]], [[1, outputs]], [[rows, 1]], [[rows, outputs]]])(
    "with a bias of shape %j",
    async (shape) => {
      const made = model({
        inputs: { x: [rows, inputs] },
        outputs: ["y"],
        constants: [random("w", [inputs, outputs]), random("b", shape), ...parameters("bn", outputs)],
        nodes: [node("Gemm", "x,w,b", "g", { beta: 3 }), batchNorm("bn", "g", "y")],
      });
      const { model: folded } = await foldChecked(made);
      expect(operators(folded)).toEqual(["Gemm"]);
      expect(folded.proto.graph.initializer).toHaveLength(2);
    },
  );

  test("with no bias, named as PyTorch would where the weights are", async () => {
    const made = model({
      type: DataType.DOUBLE,
      inputs: { x: [rows, inputs] },
      outputs: ["y"],
      constants: [
        random("fc.weight", [outputs, inputs], { type: DataType.DOUBLE }),
        ...parameters("bn", outputs, { type: DataType.DOUBLE }),
      ],
      nodes: [node("Gemm", "x,fc.weight", "g", { transB: 1 }), batchNorm("bn", "g", "y")],
    });
    const { model: folded } = await foldChecked(made, { bound: 1e-14 });
    expect(folded.proto.graph.initializer.map(({ name }) => name)).toEqual(["fc.weight", "fc.bias"]);
  });

  test("not where B is what a run gives, or a bias would have to be spread too far", () => {
    const nodes = [node("Gemm", "w,x", "g"), batchNorm("bn", "g", "y")];
    const constants = [random("w", [rows, inputs]), ...parameters("bn", outputs)];
    const reason = reasonKept(model({ inputs: { x: [inputs, outputs] }, outputs: ["y"], constants, nodes }));
    expect(reason).toContain('the weights of Gemm "G" cannot be rewritten: "x" is an input');
    const wide = model({
      inputs: { x: [5000, 1] },
      outputs: ["y"],
      constants: [random("w", [1, 5000]), random("b", [5000, 1]), ...parameters("bn", 5000)],
      nodes: [node("Gemm", "x,w,b", "g"), batchNorm("bn", "g", "y")],
    });
    expect(reasonKept(wide)).toContain("a bias of [5000, 5000] would be needed");
  });
});

describe("a batch norm goes into a MatMul before it", () => {
  const constants = [random("w", [inputs, outputs]), ...parameters("bn", outputs)];

  test("of two matrices, which becomes a Gemm", async () => {
    const nodes = [node("MatMul", "x,w", "m"), batchNorm("bn", "m", "y")];
    const { model: folded } = await foldChecked(
      model({ inputs: { x: ["n", inputs] }, outputs: ["y"], constants, nodes }),
    );
    expect(operators(folded)).toEqual(["Gemm"]);
  });

  test("where nothing is to be added, it stays a MatMul", async () => {
    const [gamma, beta, mean, variance] = parameters("bn", outputs);
    for (const each of [beta, mean]) each.rawData = each.rawData.map(() => 0);
    const made = model({
      inputs: { x: ["n", inputs] },
      outputs: ["y"],
      constants: [random("w", [inputs, outputs]), gamma, beta, mean, variance],
      nodes: [node("MatMul", "x,w", "m"), batchNorm("bn", "m", "y")],
    });
    const { model: folded } = await foldChecked(made);
    expect(operators(folded)).toEqual(["MatMul"]);
  });

  test("with the constant on the left, over the last axis but one", async () => {
    const made = model({
      inputs: { x: [2, inputs, 6] },
      outputs: ["y"],
      constants: [random("w", [outputs, inputs]), ...parameters("bn", outputs)],
      nodes: [node("MatMul", "w,x", "m"), batchNorm("bn", "m", "y")],
    });
    const { model: folded } = await foldChecked(made);
    expect(operators(folded)).toEqual(["MatMul", "Add"]);
    expect(folded.proto.graph.node[1].output).toEqual(["y"]);
  });

  test("not where axis 1 is another, the rank unknown, or the constant no matrix", () => {
    const nodes = [node("MatMul", "x,w", "m"), batchNorm("bn", "m", "y")];
    const kept = (shape: (number | string)[] | null, values = constants) =>
      reasonKept(model({ inputs: { x: shape }, outputs: ["y"], constants: values, nodes }));
    expect(kept([2, outputs, inputs])).toContain('the channels of MatMul "M" are not on axis 1 there');
    expect(kept(null)).toContain("the rank is not known");
    expect(kept([inputs])).toContain('MatMul "M" multiplies vectors');
    const batches = [random("w", [2, inputs, outputs]), ...parameters("bn", outputs)];
    expect(kept([2, 3, inputs], batches)).toContain("is no matrix but has rank 3");
    const left = model({
      inputs: { x: null },
      outputs: ["y"],
      constants: [random("w", [outputs, inputs]), ...parameters("bn", outputs)],
      nodes: [node("MatMul", "w,x", "m"), batchNorm("bn", "m", "y")],
    });
    expect(reasonKept(left)).toContain('the rank of "x", which MatMul "M" reads, is not known');
    const none = model({
      inputs: { x: [3, inputs], w: [inputs, outputs] },
      outputs: ["y"],
      constants: parameters("bn", outputs),
      nodes,
    });
    expect(reasonKept(none)).toContain('the weights of MatMul "M" cannot be rewritten: "w" is an input');
  });
});
