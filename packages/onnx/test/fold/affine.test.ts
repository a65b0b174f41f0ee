import { describe, expect, test } from "vitest";
import { foldBatchNorms } from "#dist/index.js";
import { foldChecked, operators } from "../support/folding.ts";
import { batchNorm, DataType, model, node, parameters, random, tensor } from "../support/models.ts";

describe("a batch norm that no layer takes", () => {
  const nodes = [node("Relu", "x", "r"), batchNorm("bn", "r", "n"), node("Relu", "n", "y")];

  test.each([[[2, 3]], [[2, 3, 4]], [[2, 3, 4, 5]]])(
    "becomes a Mul and an Add where that is asked for: shape %j",
    async (x) => {
      const made = model({ inputs: { x }, outputs: ["y"], constants: parameters("bn", 3), nodes });
      expect(operators(foldBatchNorms(made).model)).toEqual(["Relu", "BatchNormalization", "Relu"]);
      const { model: folded, folded: report } = await foldChecked(made, { affine: true });
      expect(operators(folded)).toEqual(["Relu", "Mul", "Add", "Relu"]);
      expect(folded.proto.graph.initializer).toHaveLength(2);
      expect(report).toEqual([{ name: "N", inside: null, into: "Mul and Add" }]);
    },
  );

  test("becomes a Mul alone where nothing is added", async () => {
    const [gamma, , , variance] = parameters("bn", 3);
    const zeros = ["bn.beta", "bn.mean"].map((name) => tensor(name, [3], [0, 0, 0]));
    const made = model({ inputs: { x: [2, 3, 4] }, outputs: ["y"], constants: [gamma, ...zeros, variance], nodes });
    expect(operators((await foldChecked(made, { affine: true })).model)).toEqual(["Relu", "Mul", "Relu"]);
  });

  test("whose input is constant, too; and after all that layers take", async () => {
    const made = model({
      inputs: { x: [2, 3, 4, 4] },
      outputs: ["y"],
      constants: [
        random("k", [1, 3, 4, 4]),
        random("w", [3, 3, 1, 1]),
        ...parameters("one", 3),
        ...parameters("two", 3),
      ],
      nodes: [
        batchNorm("one", "k", "a"),
        node("Conv", "x,w", "c"),
        batchNorm("two", "c", "b"),
        node("Add", "a,b", "y"),
      ],
    });
    const { model: folded } = await foldChecked(made, { affine: true });
    expect(operators(folded)).toEqual(["Mul", "Add", "Conv", "Add"]);
  });

  test("takes x's type where its parameters have another", async () => {
    const made = model({
      type: DataType.FLOAT16,
      inputs: { x: [2, 3, 4] },
      outputs: ["y"],
      constants: parameters("bn", 3),
      nodes,
    });
    const { model: folded } = await foldChecked(made, { affine: true, bound: 4e-3 });
    expect(folded.proto.graph.initializer.map(({ dataType }) => dataType)).toEqual([
      DataType.FLOAT16,
      DataType.FLOAT16,
    ]);
  });

  test.each([
    { what: "the rank of x is not known", x: null, reason: 'the rank of "r" is not known' },
    { what: "x has no channels", x: [2], reason: '"r" has no axis for channels' },
  ])("stays where $what", ({ x, reason }) => {
    const constants = parameters("bn", x ? 1 : 3);
    const { kept } = foldBatchNorms(model({ inputs: { x }, outputs: ["y"], constants, nodes }), { affine: true });
    expect(kept[0].reason).toContain(reason);
  });
});
