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
    expect(accuracy(tensor([Number.NaN, 0], [1, 2]), [0])).toBe(0);
  });
  test("says what does not fit", () => {
    expect(() => accuracy(scores, [1, 2])).toThrow("[accuracy] expected 3 labels, got 2");
    expect(() => accuracy(scores, [1, 4, 0])).toThrow("expected labels from 0 to 3, got 4 at example 1");
    expect(() => accuracy(tensor([1], [1]), [0])).toThrow(BatchNormError);
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
