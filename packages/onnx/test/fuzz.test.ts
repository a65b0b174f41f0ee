/** Broken files: an error of this package or a result, whatever is done with them. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { findBatchNorms, foldBatchNorms, OnnxError, parseModel, serializeModel } from "#dist/index.js";
import { batchNorm, graph, integers, model, node, parameters, random } from "./support/models.ts";

const inner = (name: string) =>
  graph({
    inputs: {},
    outputs: [name],
    constants: parameters(name, 2),
    nodes: [node("Conv", "x,w", `${name}c`), batchNorm(name, `${name}c`, name)],
  });

/** A little of everything. */
const bytes = serializeModel(
  model({
    inputs: { x: ["n", 2, 4, 4], condition: [] },
    outputs: ["y", "z"],
    constants: [
      random("w", [2, 1, 3, 3]),
      random("m", [8, 3]),
      integers("shape", [0, -1]),
      ...parameters("bn", 2),
      ...parameters("b2", 3),
    ],
    nodes: [
      node("Constant", "", "k", { value: random("k", [2, 1, 1], { raw: false }) }),
      node("Conv", "x,w", "c", { group: 2 }),
      node("Add", "c,k", "a"),
      batchNorm("bn", "a", "b", { epsilon: 1e-3 }),
      node("Reshape", "b,shape", "r"),
      node("MatMul", "r,m", "d"),
      batchNorm("b2", "d", "y"),
      node("If", "condition", "z", { then_branch: inner("p"), else_branch: inner("q") }),
    ],
  }),
);

function use(broken: Uint8Array): boolean {
  try {
    const read = parseModel(broken);
    findBatchNorms(read);
    serializeModel(foldBatchNorms(read, { affine: true }).model);
    return true;
  } catch (error) {
    if (!(error instanceof OnnxError)) throw error;
    return false;
  }
}

test("the whole file is in order", () => {
  expect(use(bytes)).toBe(true);
  expect(foldBatchNorms(parseModel(bytes)).folded).toHaveLength(4);
});

test("cut off anywhere", () => {
  for (let length = 0; length < bytes.length; length++)
    expect(use(bytes.subarray(0, length)), `${length} bytes`).toBe(false);
});

test("with bytes that are others, too many or missing", () => {
  const place = fc.nat(bytes.length - 1);
  const change = fc.oneof(
    fc.record({ at: place, remove: fc.constant(1), insert: fc.uint8Array({ minLength: 1, maxLength: 1 }) }),
    fc.record({ at: place, remove: fc.nat(20), insert: fc.uint8Array({ maxLength: 20 }) }),
  );
  let survived = 0;
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
      let broken = Buffer.from(bytes);
      for (const { at, remove, insert } of changes) {
        broken = Buffer.concat([broken.subarray(0, at), insert, broken.subarray(at + remove)]);
      }
      if (use(broken)) survived++;
    }),
    { numRuns: 3000, seed: 5 },
  );
  expect(survived).toBeGreaterThan(50);
});

test("with bits that are others, which often leave a model", () => {
  let survived = 0;
  for (let bit = 0; bit < bytes.length * 8; bit += 7) {
    const broken = bytes.slice();
    broken[bit >> 3] ^= 1 << (bit & 7);
    if (use(broken)) survived++;
  }
  expect(survived).toBeGreaterThan(bytes.length / 7);
});

test("random bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (junk) => !use(junk)),
    { numRuns: 2000, seed: 6 },
  );
});

test("sizes that a tensor without values claims are not believed", () => {
  const huge = 2 ** 40;
  const kept = (layer: string, w: number[], ...rest: string[]) => {
    const made = model({
      inputs: { x: [3, 2], n: [3, 2] },
      outputs: ["y"],
      constants: [random("w", w), ...parameters("bn", 2)],
      nodes: [
        batchNorm("bn", "x", "b"),
        node("Flatten", "b", "f"),
        node(layer, `f,w`, "l"),
        ...rest.map((op) => node(op, "l", "y")),
      ],
    });
    return foldBatchNorms(made).kept[0]?.reason;
  };
  for (const layer of ["Gemm", "MatMul"]) {
    expect(kept(layer, [huge, 0], "Relu")).toContain("have no values");
    expect(kept(layer, [0, huge], "Relu")).toContain("have no values");
  }
});
