import { Dataset } from "batchnorm";
import { describe, expect, it } from "vitest";
import { refuses } from "../support/refusal.ts";
import { smallDataset } from "../support/training.ts";

describe("a data set", () => {
  const make = (options: object) => () =>
    new Dataset({ data: new Float32Array(12), shape: [3], labels: [0, 1, 2, 3], ...options });

  it("is refused where examples and labels are not as many", () => {
    refuses(make({ labels: [0, 1, 2] }), "E_SHAPE", "[Dataset]", "3 items of shape [3] (9 values)", "got 12");
  });

  it("is refused where it is empty", () => {
    refuses(make({ data: new Float32Array(0), labels: [] }), "E_BATCH", "at least one example");
    refuses(() => smallDataset().slice(5, 5), "E_BATCH", "at least one example");
  });

  it("is refused in arrays that would be misread", () => {
    refuses(make({ data: new Uint8ClampedArray(12) }), "E_VALUE", "Uint8Array or a Float32Array", "Uint8ClampedArray");
    refuses(make({ data: new Float64Array(12) }), "E_VALUE", "Float64Array");
    refuses(make({ data: new Array(12).fill(0) }), "E_VALUE", "got Array");
    refuses(make({ data: undefined }), "E_VALUE", "got undefined");
  });

  it("is refused with labels that are no integers", () => {
    refuses(make({ labels: [0, 1, 0.5, 3] }), "E_LABEL", "integers as labels, got 0.5 at example 2");
    refuses(make({ labels: [0, Number.NaN, 2, 3] }), "E_LABEL", "got NaN at example 1");
  });
});

describe("slice", () => {
  it("has the examples between two indices, on the same memory", () => {
    const data = smallDataset({ count: 10 });
    const part = data.slice(3, 7);
    expect(part.length).toBe(4);
    expect(part.shape).toEqual([6]);
    expect(part.labels).toEqual(data.labels.slice(3, 7));
    expect(part.data).toEqual(data.data.slice(18, 42));
    expect(part.data.buffer).toBe(data.data.buffer);
    expect(data.slice(8).length).toBe(2);
  });
});
