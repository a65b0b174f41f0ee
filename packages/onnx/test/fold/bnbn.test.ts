import { expect, test } from "vitest";
import { foldBatchNorms } from "#dist/index.js";
import { foldChecked, operators } from "../support/folding.ts";
import { batchNorm, model, node, parameters, random } from "../support/models.ts";

const two = [...parameters("one", 3), ...parameters("two", 3)];

test("a batch norm goes into another before it", async () => {
  const nodes = [node("Relu", "x", "r"), batchNorm("one", "r", "a", { epsilon: 1e-2 }), batchNorm("two", "a", "y")];
  const made = model({ inputs: { x: [2, 3, 4] }, outputs: ["y"], constants: two, nodes });
  const { model: folded, folded: report, kept, values } = await foldChecked(made);
  expect(operators(folded)).toEqual(["Relu", "BatchNormalization"]);
  expect(report).toEqual([{ name: "Y", inside: null, into: 'BatchNormalization "A"' }]);
  expect(kept.map(({ name }) => name)).toEqual(["A"]);
  expect(values).toEqual(["y"]);
});

test("two in a row both go into a Conv, also where the first was in the way at first", async () => {
  const constants = [random("w", [3, 2, 3, 3]), ...two];
  const nodes = [node("Conv", "x,w", "c"), batchNorm("one", "c", "a"), batchNorm("two", "a", "y")];
  const before = model({ inputs: { x: [2, 2, 5, 5] }, outputs: ["y"], constants, nodes });
  const { model: folded, folded: report } = await foldChecked(before);
  expect(operators(folded)).toEqual(["Conv"]);
  expect(report.map(({ into }) => into)).toEqual(['Conv "C"', 'Conv "C"']);

  const after = model({
    inputs: { x: [2, 3, 5, 5] },
    outputs: ["y"],
    constants: [random("w", [2, 3, 3, 3]), ...two],
    nodes: [batchNorm("one", "x", "a"), batchNorm("two", "a", "b"), node("Conv", "b,w", "y")],
  });
  const result = await foldChecked(after);
  expect(operators(result.model)).toEqual(["Conv"]);
  expect(result.folded.map(({ name, into }) => [name, into])).toEqual([
    ["B", 'BatchNormalization "A"'],
    ["A", 'Conv "Y"'],
  ]);
});

test("not into one that is in training mode, or that others read", () => {
  const inputs = { x: [2, 3, 4] };
  const kept = (nodes: ReturnType<typeof node>[], outputs: string[]) => {
    const { kept: reasons } = foldBatchNorms(model({ inputs, outputs, constants: two, nodes }));
    return reasons.find(({ name }) => name === "Y")?.reason;
  };
  const training = batchNorm("one", "x", "a", { training_mode: 1 });
  expect(kept([training, batchNorm("two", "a", "y")], ["y"])).toContain("before it stays: it is in training mode");
  const shared = [batchNorm("one", "x", "a"), batchNorm("two", "a", "y"), node("Relu", "a", "z")];
  expect(kept(shared, ["y", "z"])).toContain('what BatchNormalization "A" gives is read 2 times');
});

test("parameters that both share are not changed for the one that stays", async () => {
  const shared = parameters("one", 3);
  const nodes = [
    batchNorm("one", "x", "a"),
    batchNorm("one", "a", "b"),
    node("Relu", "b", "r"),
    batchNorm("one", "r", "y"),
  ];
  const { model: folded } = await foldChecked(
    model({ inputs: { x: [2, 3, 4] }, outputs: ["y"], constants: shared, nodes }),
  );
  expect(operators(folded)).toEqual(["BatchNormalization", "Relu", "BatchNormalization"]);
});
