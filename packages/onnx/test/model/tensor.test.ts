import { create } from "@bufbuild/protobuf";
import { TensorProtoSchema } from "onnx-buf";
import { describe, expect, test } from "vitest";
import { integersOf, numbersOf, tensorLike, withNumbers } from "#dist/model/tensor.js";
import { DataType, integers, tensor } from "../support/models.ts";
import { refuses } from "../support/refusal.ts";

const types = [DataType.FLOAT, DataType.DOUBLE, DataType.FLOAT16, DataType.BFLOAT16];
const values = [0, -0, 1, -1.5, 2 ** -14, 240, Number.POSITIVE_INFINITY, Number.NaN];

describe.each(types)("a tensor of type %i", (type) => {
  test.each([true, false])("is read in the field it is in; raw: %s", (raw) => {
    const made = tensor("t", [2, 3], values.slice(0, 6), { type, raw });
    expect(numbersOf(made)).toEqual({ dims: [2, 3], values: Float64Array.from(values.slice(0, 6)) });
    expect(made.rawData.length > 0).toBe(raw);
  });

  test("is written where another is, unless a value is not finite there", () => {
    for (const raw of [true, false]) {
      const like = tensor("like", [1], [1], { type, raw });
      for (const bad of values.slice(6))
        expect(tensorLike(like, "t", { dims: [1], values: Float64Array.of(bad) })).toBeNull();
    }
    const like = tensor("like", [1], [1], { type });
    const huge = tensorLike(like, "t", { dims: [1], values: Float64Array.of(1e300) });
    expect(huge === null).toBe(type !== DataType.DOUBLE);
  });
});

test("values at an odd place in memory are read", () => {
  const made = tensor("t", [2], [1.5, -2]);
  const bytes = new Uint8Array(9);
  bytes.set(made.rawData, 1);
  made.rawData = bytes.subarray(1);
  expect([...numbersOf(made).values]).toEqual([1.5, -2]);
});

test("other numbers leave name, notes and unknown fields as they were", () => {
  const made = tensor("t", [2], [1, 2]);
  made.docString = "a note";
  made.$unknown = [{ no: 99, wireType: 0, data: new Uint8Array([7]) }];
  const changed = withNumbers(made, { dims: [1], values: Float64Array.of(3) });
  expect(changed).toMatchObject({ name: "t", docString: "a note", dims: [1n], $unknown: made.$unknown });
  expect([...numbersOf(made).values]).toEqual([1, 2]);
});

test("shapes are read from int64 and int32", async () => {
  expect(integersOf(integers("s", [0, -1, 3]))).toEqual([0, -1, 3]);
  const raw = new Uint8Array(new BigInt64Array([-1n, 5n]).buffer);
  expect(integersOf(create(TensorProtoSchema, { dims: [2n], dataType: DataType.INT64, rawData: raw }))).toEqual([
    -1, 5,
  ]);
  expect(integersOf(create(TensorProtoSchema, { dims: [1n], dataType: DataType.INT32, int32Data: [-4] }))).toEqual([
    -4,
  ]);
  await refuses(
    () => integersOf(tensor("t", [1], [1])),
    "E_UNSUPPORTED",
    'expected tensor "t" to be int64 or int32, got float32',
  );
});

test("what its shape contradicts is refused before anything is allocated", async () => {
  const of = (fields: object) => () =>
    numbersOf(create(TensorProtoSchema, { name: "t", dataType: DataType.FLOAT, ...fields }));
  const rawData = new Uint8Array(8);
  await refuses(of({ dims: [3n], rawData }), "E_FORMAT", 'tensor "t" of shape [3] to have 3 values, got 2');
  await refuses(of({ dims: [2n ** 40n], rawData }), "E_FORMAT", "got 2");
  await refuses(of({ dims: [2n ** 40n, 2n ** 40n], rawData }), "E_FORMAT", "sizes that are possible");
  await refuses(of({ dims: [-2n], rawData }), "E_FORMAT", "sizes that are possible");
  await refuses(of({ dims: [2n], rawData: new Uint8Array(7) }), "E_FORMAT", "whole values, got 7 bytes");
  await refuses(of({ dims: [2n], floatData: [1] }), "E_FORMAT", "to have 2 values, got 1");
  await refuses(of({ dims: [2n], segment: {} }), "E_UNSUPPORTED", "in segments");
  await refuses(of({ dims: [1n], dataType: DataType.INT8 }), "E_UNSUPPORTED", "of a floating point type, got int8");
});
