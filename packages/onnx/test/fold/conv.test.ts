import { expect, test } from "vitest";
import { foldChecked, operators, reasonKept } from "../support/folding.ts";
import { batchNorm, DataType, model, node, parameters, random } from "../support/models.ts";

const convolutions = [
  { what: "1-D", x: [2, 3, 9], w: [4, 3, 3], attributes: {} },
  {
    what: "2-D, padded, with strides",
    x: [2, 3, 9, 8],
    w: [4, 3, 3, 2],
    attributes: { pads: [1, 0, 1, 1], strides: [2, 1] },
  },
  { what: "3-D, dilated", x: [1, 2, 6, 6, 5], w: [3, 2, 2, 2, 2], attributes: { dilations: [2, 1, 2] } },
  { what: "2 groups", x: [2, 4, 6, 6], w: [6, 2, 3, 3], attributes: { group: 2 } },
  { what: "depthwise, 2 outputs each", x: [2, 3, 6, 6], w: [6, 1, 3, 3], attributes: { group: 3 } },
];

test.each(convolutions)("a batch norm goes into a Conv before it: $what", async ({ x, w, attributes }) => {
  for (const bias of [false, true]) {
    const made = model({
      inputs: { x },
      outputs: ["y"],
      constants: [random("w", w), ...(bias ? [random("b", [w[0]])] : []), ...parameters("bn", w[0])],
      nodes: [node("Conv", bias ? "x,w,b" : "x,w", "c", attributes), batchNorm("bn", "c", "y", { epsilon: 1e-3 })],
    });
    const { model: folded, folded: report } = await foldChecked(made);
    expect(report).toEqual([{ name: "Y", inside: null, into: 'Conv "C"' }]);
    expect(operators(folded)).toEqual(["Conv"]);
    expect(folded.proto.graph.initializer.map(({ name }) => name)).toEqual(["w", bias ? "b" : "w_bias"]);
    expect(folded.proto.graph.node[0].output).toEqual(["y"]);
  }
});

const transposed = [
  { what: "1-D", x: [2, 3, 5], w: [3, 4, 3], attributes: {} },
  { what: "3-D", x: [1, 2, 3, 3, 3], w: [2, 3, 2, 2, 2], attributes: { strides: [2, 2, 2] } },
  {
    what: "2-D, padded",
    x: [2, 3, 5, 5],
    w: [3, 4, 3, 3],
    attributes: { pads: [1, 1, 1, 1], strides: [2, 2], output_padding: [1, 1] },
  },
  { what: "2 groups", x: [2, 4, 5, 5], w: [4, 3, 3, 3], attributes: { group: 2 } },
  { what: "3 groups, 1 output each", x: [2, 6, 5, 5], w: [6, 1, 2, 2], attributes: { group: 3 } },
];

test.each(transposed)("a batch norm goes into a ConvTranspose before it: $what", async ({ x, w, attributes }) => {
  const outputs = w[1] * ("group" in attributes ? Number(attributes.group) : 1);
  for (const bias of [false, true]) {
    const made = model({
      inputs: { x },
      outputs: ["y"],
      constants: [random("w", w), ...(bias ? [random("b", [outputs])] : []), ...parameters("bn", outputs)],
      nodes: [node("ConvTranspose", bias ? "x,w,b" : "x,w", "c", attributes), batchNorm("bn", "c", "y")],
    });
    const { model: folded } = await foldChecked(made);
    expect(operators(folded)).toEqual(["ConvTranspose"]);
  }
});

test.each([
  { type: DataType.FLOAT16, raw: true, bound: 2e-2 },
  { type: DataType.FLOAT16, raw: false, bound: 2e-2 },
  { type: DataType.FLOAT, raw: false, bound: 1e-5 },
])("weights stay in their type and field: $type, raw: $raw", async ({ type, raw, bound }) => {
  const made = model({
    type,
    inputs: { x: [2, 3, 6, 6] },
    outputs: ["y"],
    constants: [random("w", [4, 3, 3, 3], { type, raw }), ...parameters("bn", 4, { type, raw })],
    nodes: [node("Conv", "x,w", "c"), batchNorm("bn", "c", "y")],
  });
  const { model: folded } = await foldChecked(made, { bound });
  expect(operators(folded)).toEqual(["Conv"]);
  for (const each of folded.proto.graph.initializer) {
    expect(each.dataType).toBe(type);
    expect(each.rawData.length > 0).toBe(raw);
    expect(each.floatData.length + each.int32Data.length > 0).toBe(!raw);
  }
});

test("what does not fit stays: channels, a bias that is computed, weights of no size", () => {
  const [x, gamma] = [{ x: [1, 3, 5, 5] }, parameters("bn", 4)];
  const spec = { inputs: x, outputs: ["y"] };
  const channels = model({
    ...spec,
    constants: [random("w", [5, 3, 1, 1]), ...gamma],
    nodes: [node("Conv", "x,w", "c"), batchNorm("bn", "c", "y")],
  });
  expect(reasonKept(channels)).toContain('Conv "C" has 5 channels, and it has 4');
  const computed = model({
    ...spec,
    constants: [random("w", [4, 3, 1, 1]), random("b", [4]), ...gamma],
    nodes: [node("Relu", "b", "b2"), node("Conv", "x,w,b2", "c"), batchNorm("bn", "c", "y")],
  });
  expect(reasonKept(computed)).toContain('the bias of Conv "C" cannot be rewritten: "b2" comes from Relu "B2"');
  const flat = model({
    ...spec,
    constants: [random("w", [4, 3]), ...gamma],
    nodes: [node("Conv", "x,w", "c"), batchNorm("bn", "c", "y")],
  });
  expect(reasonKept(flat)).toContain("have shape [4, 3] for 1 groups");
  const uneven = model({
    ...spec,
    constants: [random("w", [3, 2, 2, 2]), ...gamma],
    nodes: [node("ConvTranspose", "x,w", "c", { group: 2 }), batchNorm("bn", "c", "y")],
  });
  expect(reasonKept(uneven)).toContain("have shape [3, 2, 2, 2] for 2 groups");
});
