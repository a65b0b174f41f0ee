import { describe, expect, test } from "vitest";
import { foldChecked, operators, reasonKept } from "../support/folding.ts";
import { batchNorm, integers, model, node, parameters, random, tensor } from "../support/models.ts";

const channels = 4;
const bn = parameters("bn", channels);

describe("what lies between a layer and the batch norm", () => {
  test("Identity and Dropout in inference go", async () => {
    const nodes = [
      node("Conv", "x,w", "c"),
      node("Identity", "c", "i"),
      node("Dropout", "i,ratio,training", "d,mask"),
      batchNorm("bn", "d", "y"),
      node("Relu", "y", "z"),
    ];
    const off = tensor("training", [], [0]);
    off.dataType = 9;
    off.rawData = new Uint8Array([0]);
    const constants = [random("w", [channels, 3, 3, 3]), tensor("ratio", [], [0.3]), off, ...bn];
    const made = model({ inputs: { x: [2, 3, 6, 6] }, outputs: ["z"], constants, nodes });
    const { model: folded } = await foldChecked(made);
    expect(operators(folded)).toEqual(["Conv", "Relu"]);
    expect(folded.proto.graph.initializer.map(({ name }) => name)).toEqual(["w", "w_bias"]);
    off.rawData = new Uint8Array([1]);
    expect(reasonKept(made)).toContain('its input comes from Dropout "D"');
  });

  test("Dropout whose mask is read stays, and so does the batch norm", () => {
    const nodes = [node("Conv", "x,w", "c"), node("Dropout", "c", "d,mask"), batchNorm("bn", "d", "y")];
    const constants = [random("w", [channels, 3, 3, 3]), ...bn];
    const made = model({ inputs: { x: [2, 3, 6, 6] }, outputs: ["y", "mask"], constants, nodes });
    expect(reasonKept(made)).toContain('its input comes from Dropout "D"');
  });

  test.each([[[channels, 1, 1]], [[1, channels, 1, 1]], [[1]], [[]]])(
    "an Add of one value a channel goes into the bias: shape %j",
    async (shape) => {
      const nodes = [node("Conv", "x,w,b", "c"), node("Add", "k,c", "a"), batchNorm("bn", "a", "y")];
      const constants = [random("w", [channels, 3, 3, 3]), random("b", [channels]), random("k", shape), ...bn];
      const made = model({ inputs: { x: [2, 3, 6, 6] }, outputs: ["y"], constants, nodes });
      const { model: folded } = await foldChecked(made);
      expect(operators(folded)).toEqual(["Conv"]);
      expect(folded.proto.graph.initializer.map(({ name }) => name)).toEqual(["w", "b"]);
    },
  );

  test.each([[[channels]], [[1, 4, 4]], [[1, 1, 1, 1, 1]], [[2, 1, 1, 1]]])(
    "another Add stays, and so does the batch norm: shape %j",
    (shape) => {
      const nodes = [node("Conv", "x,w", "c"), node("Add", "c,k", "a"), batchNorm("bn", "a", "y")];
      const constants = [random("w", [channels, 3, 3, 3]), random("k", shape), ...bn];
      const made = model({ inputs: { x: [2, 3, 6, 6] }, outputs: ["y"], constants, nodes });
      expect(reasonKept(made)).toContain('Add "A" adds more than one value for each channel');
    },
  );

  test("an Add of two layers is no bias", () => {
    const nodes = [node("Conv", "x,w", "c"), node("Add", "c,c", "a"), batchNorm("bn", "a", "y")];
    const constants = [random("w", [channels, 3, 3, 3]), ...bn];
    const made = model({ inputs: { x: [2, 3, 6, 6] }, outputs: ["y"], constants, nodes });
    expect(reasonKept(made)).toContain('its input comes from Add "A"');
  });
});

const carriers = [
  {
    what: "MatMul, Reshape, Transpose: channels last to channels first",
    x: [2, 6, 5],
    nodes: [
      node("MatMul", "x,w", "m"),
      node("Reshape", "m,shape", "r"),
      node("Transpose", "r", "t", { perm: [0, 3, 1, 2] }),
    ],
    shape: [2, 3, 2, channels],
    left: ["MatMul", "Add", "Reshape", "Transpose"],
  },
  {
    what: "MatMul of unknown rank, Reshape to rows",
    x: null,
    given: [2, 3, 5],
    nodes: [node("MatMul", "x,w", "m"), node("Reshape", "m,shape", "t")],
    shape: [-1, channels],
    left: ["MatMul", "Add", "Reshape"],
  },
  {
    what: "MatMul of unknown rank, Transpose",
    x: null,
    given: [2, 3, 5],
    nodes: [node("MatMul", "x,w", "m"), node("Transpose", "m", "t", { perm: [0, 2, 1] })],
    left: ["MatMul", "Add", "Transpose"],
  },
  {
    what: "MatMul, Add, Reshape to a place of one",
    x: ["n", 5],
    nodes: [node("MatMul", "x,w", "m"), node("Add", "m,k", "a"), node("Reshape", "a,shape", "t")],
    shape: [-1, channels, 1],
    left: ["Gemm", "Reshape"],
  },
  {
    what: "MatMul, Reshape to what is left, of known sizes",
    x: [3, 2, 5],
    nodes: [node("MatMul", "x,w", "m"), node("Reshape", "m,shape", "t")],
    shape: [6, -1],
    left: ["MatMul", "Add", "Reshape"],
  },
  {
    what: "Gemm, Reshape to what is left of copied sizes",
    x: ["n", 5],
    nodes: [node("Gemm", "x,w", "m"), node("Reshape", "m,shape", "t")],
    shape: [0, -1, 1],
    left: ["Gemm", "Reshape"],
  },
  {
    what: "MatMul, Transpose to the default order",
    x: [3, 2, 5],
    nodes: [node("MatMul", "x,w", "m"), node("Transpose", "m", "p"), node("Transpose", "p", "t", { perm: [2, 0, 1] })],
    left: ["MatMul", "Add", "Transpose", "Transpose"],
  },
  {
    what: "MatMul, Flatten over all but the last axis",
    x: [3, 2, 5],
    nodes: [node("MatMul", "x,w", "m"), node("Flatten", "m", "t", { axis: -1 })],
    left: ["MatMul", "Add", "Flatten"],
  },
  {
    what: "Gemm, Unsqueeze and Squeeze by inputs",
    x: [3, 5],
    nodes: [
      node("Gemm", "x,w", "m"),
      node("Unsqueeze", "m,axes", "u"),
      node("Squeeze", "u,axis", "s"),
      node("Unsqueeze", "s,axes", "t"),
    ],
    left: ["Gemm", "Unsqueeze", "Squeeze", "Unsqueeze"],
  },
  {
    what: "Gemm, Unsqueeze by an attribute",
    opset: 11,
    x: [3, 5],
    nodes: [node("Gemm", "x,w", "m"), node("Unsqueeze", "m", "t", { axes: [2] })],
    left: ["Gemm", "Unsqueeze"],
  },
];

test.each(carriers)(
  "channels are followed through $what",
  async ({ x, nodes, shape = [], left, opset = 17, given }) => {
    const constants = [
      ...[random("w", [5, channels]), random("k", [channels]), integers("shape", shape)],
      ...[integers("axes", [-1]), integers("axis", [2]), ...bn],
    ];
    const all = [...nodes, batchNorm("bn", "t", "y")];
    const read = new Set(all.flatMap(({ input }) => input));
    const made = model({
      ...{ opset, inputs: { x }, outputs: ["y"], nodes: all },
      constants: constants.filter(({ name }) => read.has(name)),
    });
    const { model: folded } = await foldChecked(made, given ? { shapes: { x: given } } : {});
    expect(operators(folded)).toEqual(left);
  },
);

test.each([
  { what: "copied sizes", shape: [0, 0, -1], x: [2, 3, 6, 6] },
  { what: "known sizes in front", shape: [2, channels, -1], x: [2, 3, 6, 6] },
])("channels of a Conv are followed through Reshape with $what", async ({ shape, x }) => {
  const constants = [random("w", [channels, 3, 3, 3]), integers("shape", shape), ...bn];
  const nodes = [node("Conv", "x,w", "c"), node("Reshape", "c,shape", "r"), batchNorm("bn", "r", "y")];
  const { model: folded } = await foldChecked(model({ inputs: { x }, outputs: ["y"], constants, nodes }));
  expect(operators(folded)).toEqual(["Conv", "Reshape"]);
});

test.each([
  {
    what: "Reshape that mixes them",
    layer: "MatMul",
    x: [channels, 5],
    nodes: [node("Reshape", "m,shape", "t")],
    shape: [2, channels, 2],
  },
  {
    what: "Reshape to sizes that only a run knows",
    layer: "MatMul",
    x: [2, 3, 5],
    nodes: [node("Reshape", "m,x2", "t")],
    shape: [],
  },
  {
    what: "Reshape of a Conv with another first size",
    layer: "Conv",
    x: ["n", 3, 6, 6],
    nodes: [node("Reshape", "m,shape", "t")],
    shape: [-1, channels, 8],
  },
  {
    what: "Reshape to as many in front",
    layer: "Conv",
    x: ["n", 3, 6, 6],
    nodes: [node("Reshape", "m,shape", "t")],
    shape: [channels, -1],
  },
  {
    what: "Reshape of known sizes to what is left, which is more",
    layer: "MatMul",
    x: [6, 5],
    nodes: [node("Reshape", "m,shape", "t")],
    shape: [3, -1],
  },
  { what: "Flatten of a Conv", layer: "Conv", x: [2, 3, 6, 6], nodes: [node("Flatten", "m", "t")], shape: [] },
  { what: "Squeeze of whatever is 1", layer: "Gemm", x: [3, 5], nodes: [node("Squeeze", "m", "t")], shape: [] },
  { what: "Transpose of unknown rank", layer: "MatMul", x: null, nodes: [node("Transpose", "m", "t")], shape: [] },
])("channels are lost in $what", ({ layer, x, nodes, shape }) => {
  const weights = layer === "Conv" ? random("w", [channels, 3, 3, 3]) : random("w", [5, channels]);
  const made = model({
    inputs: { x, ...(nodes[0].input.includes("x2") && { x2: [3] }) },
    outputs: ["y"],
    constants: [weights, integers("shape", shape), ...bn],
    nodes: [node(layer, "x,w", "m"), ...nodes, batchNorm("bn", "t", "y")],
  });
  expect(reasonKept(made)).toContain(`it is not certain where ${nodes[0].opType} "T" takes the channels`);
});

test("channels that end elsewhere than on axis 1 are not batch norm's", () => {
  const made = model({
    inputs: { x: [3, 2, 5] },
    outputs: ["y"],
    constants: [random("w", [5, channels]), ...bn],
    nodes: [node("MatMul", "x,w", "m"), node("Transpose", "m", "t", { perm: [2, 0, 1] }), batchNorm("bn", "t", "y")],
  });
  expect(reasonKept(made)).toContain("are not on axis 1 there");
});
