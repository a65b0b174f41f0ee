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

describe("options of images of bytes", () => {
  const bytes = { data: new Uint8Array(2 * 4 * 5 * 3), shape: [4, 5, 3], labels: [0, 1] };
  const make = (options: object) => () => new Dataset({ ...bytes, ...options });
  const mean = [0.5, 0.5, 0.5];
  const std = [0.2, 0.2, 0.2];

  it("are taken where they fit", () => {
    make({ mean, std, augment: { crop: 3, flip: true } })();
    make({ mean: [-1, 0, 1e6], std: [1e-6, 1, 1e6], augment: { crop: 0 } })();
    expect(make({ augment: {} })().augment).toEqual({ crop: 0, flip: false });
    expect(make({ augment: { flip: true } })().augment).toEqual({ crop: 0, flip: true });
    expect(make({ augment: undefined, mean: undefined })()).toMatchObject({ mean: null, std: null, augment: null });
  });

  it("are refused for floats, each of them, with what to do", () => {
    const floats = { ...bytes, data: new Float32Array(120) };
    for (const options of [{ mean }, { std }, { augment: { flip: true } }, { augment: {} }]) {
      refuses(() => new Dataset({ ...floats, ...options }), "E_VALUE", "expected bytes", "prepare floats yourself");
    }
  });

  it("are refused in another number than the last axis has places", () => {
    refuses(make({ mean: [0.5] }), "E_SHAPE", "[Dataset]", "3 values as mean", "got 1");
    refuses(make({ mean, std: [1, 1, 1, 1] }), "E_SHAPE", "3 values as std", "got 4");
    refuses(make({ mean: [] }), "E_SHAPE", "3 values as mean", "got 0");
    refuses(make({ shape: [60], mean }), "E_SHAPE", "60 values as mean", "got 3");
  });

  it("are refused with a std that is not positive, or a mean that is none", () => {
    for (const wrong of [0, -0.2, Number.NaN, Number.POSITIVE_INFINITY]) {
      refuses(make({ std: [0.2, wrong, 0.2] }), "E_VALUE", "positive numbers as std", `got ${wrong}`);
    }
    for (const wrong of [Number.NaN, Number.NEGATIVE_INFINITY]) {
      refuses(make({ mean: [0.5, 0.5, wrong] }), "E_VALUE", "finite numbers as mean", `got ${wrong}`);
    }
  });

  it("are refused where there is no image to change, or it would be moved out of sight", () => {
    for (const shape of [[60], [20, 3], [1, 4, 5, 3]]) {
      refuses(
        make({ shape, augment: { flip: true } }),
        "E_SHAPE",
        "images [H, W, C] to augment",
        `[${shape.join(", ")}]`,
      );
    }
    for (const crop of [-1, 0.5, 4, Number.NaN]) {
      refuses(make({ augment: { crop } }), "E_VALUE", "augment.crop from 0", "[4, 5, 3]", `got ${crop}`);
    }
    refuses(make({ shape: [5, 4, 3], augment: { crop: 4 } }), "E_VALUE", "got 4");
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
