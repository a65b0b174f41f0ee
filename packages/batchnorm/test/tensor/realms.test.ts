/** Arrays of another realm, as jsdom and frames give them; and what Node's own classes and console make of tensors. */
import { inspect } from "node:util";
import { runInNewContext } from "node:vm";
import { Dataset, Linear, Tensor, tensor } from "batchnorm";
import { readSafetensors, writeSafetensors } from "batchnorm/formats";
import { expect, it } from "vitest";

it("another realm's typed arrays are no instances of this one's", () => {
  expect(runInNewContext("new Float32Array([1, 2])")).not.toBeInstanceOf(Float32Array);
});

it("a Float32Array of another realm is used as it is, on the same memory", () => {
  const foreign = runInNewContext("new Float32Array([0, 1, 2, 3]).subarray(1, 3)");
  for (const x of [tensor(foreign, [2]), new Tensor(foreign, [2])]) {
    expect(x.data).toBeInstanceOf(Float32Array);
    expect(Array.from(x.data)).toEqual([1, 2]);
    x.data[0] = 7;
    expect(foreign[0]).toBe(7);
    foreign[0] = 1;
  }
});

it.each([
  "[1, 2]",
  "new Float64Array([1, 2])",
  "new Uint8Array([1, 2])",
  "new Uint8ClampedArray([1, 2])",
  "new BigInt64Array([1n, 2n])",
])("%s of another realm", (code) => {
  expect(tensor(runInNewContext(code), [2]).data).toEqual(Float32Array.of(1, 2));
});

it.each([
  ["Float32Array", Float32Array],
  ["Uint8Array", Uint8Array],
  ["Uint8ClampedArray", Uint8Array],
] as const)("a data set takes another realm's %s, on the same memory", (name, own) => {
  const foreign = runInNewContext(`new ${name}([0, 1, 2, 3, 4]).subarray(1)`);
  const labels = runInNewContext("new Int32Array([0, 1])");
  const { data, labels: taken } = new Dataset({ data: foreign, shape: [2], labels });
  expect(data).toBeInstanceOf(own);
  expect(Array.from(data)).toEqual([1, 2, 3, 4]);
  expect(taken).toEqual(Int32Array.of(0, 1));
  foreign[0] = 7;
  expect(data[0]).toBe(7);
});

it("safetensors are written from another realm's arrays, and read from its bytes", () => {
  const tensors = { a: { shape: [2], data: runInNewContext("new Float32Array([1, 2])") } };
  const bytes = writeSafetensors({ tensors });
  const foreign = runInNewContext("(bytes) => new Uint8Array(bytes)")(bytes);
  expect(foreign).not.toBeInstanceOf(Uint8Array);
  for (const source of [foreign, foreign.buffer]) {
    expect(readSafetensors(source).tensors.a).toEqual({ dtype: "F32", shape: [2], data: Float32Array.of(1, 2) });
  }
});

it("a state dict may have another realm's arrays", () => {
  const layer = new Linear(2, 1, { bias: false });
  layer.loadStateDict({ weight: { shape: [1, 2], data: runInNewContext("new Float32Array([1, 2])") } });
  expect(layer.weight.data).toEqual(Float32Array.of(1, 2));
});

it("a Buffer is bytes", () => {
  expect(new Dataset({ data: Buffer.from([1, 255]), shape: [1] }).length).toBe(2);
  expect(tensor(Buffer.from([1, 255]), [2]).data).toEqual(Float32Array.of(1, 255));
});

it("the console shows shape and values", () => {
  expect(inspect(tensor([1, 2], [1, 2]))).toBe("Tensor [1, 2]\n[[1, 2]]");
  expect(inspect({ x: tensor([1], [1]) })).toContain("Tensor [1]");
});
