import { accuracy, BatchNormError, confusionMatrix, tensor } from "batchnorm";
import { describe, expect, test } from "vitest";

// Three examples, four classes.
const scores = tensor([0.1, 0.7, 0.2, 0, 5, 5, 1, 0, -1, -2, -3, -4], [3, 4]);

describe("accuracy", () => {
  test("counts labels on top, and among equals the first", () => {
    expect(accuracy(scores, [1, 0, 0])).toBe(1);
    expect(accuracy(scores, [1, 1, 0])).toBeCloseTo(2 / 3, 15);
  });
  test("counts labels among the k highest", () => {
    expect(accuracy(scores, [2, 1, 3])).toBe(0);
    expect(accuracy(scores, [2, 1, 3], 2)).toBeCloseTo(2 / 3, 15);
    expect(accuracy(scores, [2, 1, 3], 4)).toBe(1);
  });
  test("a score of NaN is never right", () => {
    const { NaN: none } = Number;
    expect(accuracy(tensor([none, 0], [1, 2]), [0])).toBe(0);
    expect(accuracy(tensor([none, 0, none, none, 1, 0], [3, 2]), [1, 0, 0])).toBe(1 / 3);
    expect(accuracy(tensor([none, 0], [1, 2]), [1], 2)).toBe(0);
  });
  test("says what does not fit", () => {
    expect(() => accuracy(scores, [1, 2])).toThrow("[accuracy] expected 3 labels, got 2");
    expect(() => accuracy(scores, [1, 4, 0])).toThrow("expected labels from 0 to 3, got 4 at example 1");
    expect(() => accuracy(tensor([1], [1]), [0])).toThrow(BatchNormError);
    expect(() => accuracy(scores.data as never, [0])).toThrow("[accuracy] expected a Tensor");
    expect(() => accuracy(scores, undefined as never)).toThrow("[accuracy] expected an array of labels, got undefined");
    for (const k of [0, 5, 1.5, Number.NaN]) {
      expect(() => accuracy(scores, [1, 1, 0], k)).toThrow(`expected k from 1 to the number of classes (4), got ${k}`);
    }
  });
});

test("confusionMatrix has labels down and predictions across", () => {
  expect(confusionMatrix(scores, [1, 2, 0])).toEqual([
    [1, 0, 0, 0],
    [0, 1, 0, 0],
    [1, 0, 0, 0],
    [0, 0, 0, 0],
  ]);
});

test("confusionMatrix has no place for NaN", () => {
  const none = tensor([0, 1, Number.NaN, 1], [2, 2]);
  expect(() => confusionMatrix(none, [1, 0])).toThrow(
    expect.objectContaining({ code: "E_VALUE", message: expect.stringContaining("got NaN at example 1") }),
  );
});

test.each([
  BigInt64Array.of(1n, 2n, 0n),
  BigUint64Array.of(1n, 2n, 0n),
  [1n, 2n, 0n],
  Uint8Array.of(1, 2, 0),
  Float32Array.of(1, 2, 0),
  Int32Array.of(1, 2, 0),
])("labels may be integers in any array: %o", (labels) => {
  expect(accuracy(scores, labels)).toBe(accuracy(scores, [1, 2, 0]));
  expect(confusionMatrix(scores, labels)).toEqual(confusionMatrix(scores, [1, 2, 0]));
});

test("integers out of range are said as they came", () => {
  const labels = BigInt64Array.of(1n, 2n, 4n);
  expect(() => accuracy(scores, labels)).toThrow("expected labels from 0 to 3, got 4 at example 2");
  expect(() => confusionMatrix(scores, [1n, -1n, 0n])).toThrow("expected labels from 0 to 3, got -1 at example 1");
});
