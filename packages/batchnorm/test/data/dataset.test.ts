import { Dataset, type DatasetOptions } from "batchnorm";
import { describe, expect, it } from "vitest";
import { refuses, rejects } from "../support/refusal.ts";
import { openTrainer, smallDataset, smallNetwork } from "../support/training.ts";

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
    refuses(make({ data: new Int8Array(12) }), "E_VALUE", "Uint8Array or a Float32Array", "got Int8Array");
    refuses(make({ data: new Float64Array(12) }), "E_VALUE", "Float32Array.from makes one", "got Float64Array");
    refuses(make({ data: new Array(12).fill(0) }), "E_VALUE", "got an array");
    refuses(make({ data: undefined }), "E_VALUE", "got undefined");
  });

  it("takes pixels of a canvas, on the same memory", () => {
    const pixels = Uint8ClampedArray.from({ length: 12 }, (_, i) => 20 * i);
    const { data } = make({ data: pixels })();
    expect(data).toBeInstanceOf(Uint8Array);
    expect(Array.from(data)).toEqual(Array.from(pixels));
    expect(data.buffer).toBe(pixels.buffer);
  });

  it("is refused with options that there are not", () => {
    refuses(
      make({ sacle: 2 }),
      "E_VALUE",
      "[Dataset] expected options data, shape,",
      "got sacle (did you mean scale?)",
    );
    const images = { data: new Uint8Array(48), shape: [4, 4, 3], labels: [0] };
    refuses(make({ ...images, augment: { flips: true } }), "E_VALUE", "options crop, flip; got flips");
  });

  it("is refused with a scale that is none, or for floats, which are used as they are", () => {
    for (const scale of [Number.NaN, Number.POSITIVE_INFINITY, "2"]) {
      refuses(make({ data: new Uint8Array(12), scale }), "E_VALUE", "a finite number as scale", `got ${scale}`);
    }
    refuses(make({ scale: 1 / 255 }), "E_VALUE", "expected bytes (a Uint8Array) for scale", "multiply");
    expect(make({ scale: 1 })().scale).toBe(1);
  });

  it("can be made of another, with some options changed", () => {
    const first = make({ data: new Uint8Array(12), scale: 2, mean: [1, 2, 3] })();
    const second = new Dataset({ ...first, scale: 3 } as DatasetOptions);
    expect(second).toMatchObject({ scale: 3, mean: [1, 2, 3], labels: first.labels, data: first.data, length: 4 });
  });

  it("keeps its shape, whatever becomes of the array that it was given in", () => {
    const shape = [3];
    const data = make({ shape })();
    shape[0] = 4;
    expect(data.shape).toEqual([3]);
  });

  it("is refused with labels that are no integers", () => {
    refuses(make({ labels: [0, 1, 0.5, 3] }), "E_LABEL", "integers as labels, got 0.5 at example 2");
    refuses(make({ labels: [0, Number.NaN, 2, 3] }), "E_LABEL", "got NaN at example 1");
    refuses(make({ labels: [0, 2 ** 31, 2, 3] }), "E_LABEL", "integers as labels, got 2147483648 at example 1");
    refuses(make({ labels: [0, "1", 2, 3] }), "E_LABEL", "got 1 at example 1");
    refuses(make({ labels: 4 }), "E_LABEL", "an array of labels, got a number");
  });

  it("takes labels of 64 bits", () => {
    for (const labels of [BigInt64Array.of(0n, 1n, 2n, 3n), BigUint64Array.of(0n, 1n, 2n, 3n), [0n, 1n, 2n, 3n]]) {
      expect(make({ labels })().labels).toEqual(Int32Array.of(0, 1, 2, 3));
    }
    refuses(make({ labels: [0n, 1n, 2n ** 40n, 3n] }), "E_LABEL", "got 1099511627776 at example 2");
  });
});

describe("a data set without labels", () => {
  const labelled = smallDataset({ count: 10 });
  const { data, shape } = labelled;
  const bare = new Dataset({ data, shape });

  it("has as many examples as its data make", () => {
    expect(bare.length).toBe(10);
    expect(bare.labels).toBeNull();
    expect(bare.slice(2, 5)).toMatchObject({ length: 3, labels: null });
    refuses(() => new Dataset({ data, shape: [7] }), "E_SHAPE", "8 items of shape [7] (56 values), got 60 values");
    refuses(() => new Dataset({ data, shape: [61] }), "E_BATCH", "at least one example");
    refuses(() => new Dataset({ data, shape: [0] }), "E_BATCH", "at least one example");
  });

  it("is enough to predict", async () => {
    const trainer = openTrainer(smallNetwork());
    expect(await trainer.predict(bare)).toEqual(await trainer.predict(labelled));
    expect((await trainer.predict(bare)).data).toEqual((await trainer.predict(labelled)).data);
  });

  it("is refused where labels are needed, and nothing has changed", async () => {
    const trainer = openTrainer(smallNetwork());
    const before = await trainer.save();
    const message = "expected a data set with labels; this one was made without";
    await rejects(() => trainer.fit(bare, { steps: 1, batchSize: 5 }), "E_LABEL", `[fit] ${message}`);
    await rejects(() => trainer.evaluate(bare), "E_LABEL", `[evaluate] ${message}`);
    expect(await trainer.save()).toEqual(before);
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
      refuses(
        () => new Dataset({ ...floats, ...options }),
        "E_VALUE",
        "expected bytes",
        "multiply and shift them yourself",
      );
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
    expect(part.labels).toEqual(data.labels?.slice(3, 7));
    expect(part.data).toEqual(data.data.slice(18, 42));
    expect(part.data.buffer).toBe(data.data.buffer);
    expect(data.slice(8).length).toBe(2);
    expect(data.slice(-3, -1).labels).toEqual(data.labels?.slice(7, 9));
    refuses(() => data.slice(2.5), "E_VALUE", "[Dataset.slice] expected integers, got 2.5 and 10");
  });
});
