/** What tensors are made of, and what they look like. */
import { Linear, Parameter, randn, Sequential, SGD, Tensor, Trainer, tensor, zeros } from "batchnorm";
import { describe, expect, it } from "vitest";
import { refuses } from "../support/refusal.ts";

describe.each([
  ["tensor", tensor],
  ["new Tensor", (...args: ConstructorParameters<typeof Tensor>) => new Tensor(...args)],
])("%s", (_name, make) => {
  it("keeps a Float32Array, and rounds numbers of other arrays", () => {
    const data = Float32Array.of(1, 2);
    expect(make(data, [2]).data).toBe(data);
    const rounded = [1, Math.fround(0.1)];
    for (const values of [[1, 0.1], Float64Array.of(1, 0.1), { length: 2, 0: 1, 1: 0.1 }]) {
      const { data } = make(values, [2]);
      expect(data).toBeInstanceOf(Float32Array);
      expect(Array.from(data)).toEqual(rounded);
    }
  });

  it("takes integers of every width, pixels of a canvas too", () => {
    for (const values of [
      Uint8Array.of(1, 255),
      Uint8ClampedArray.of(1, 255),
      Int16Array.of(1, 255),
      Uint32Array.of(1, 255),
      BigInt64Array.of(1n, 255n),
      BigUint64Array.of(1n, 255n),
      [1n, 255n],
    ]) {
      expect(Array.from(make(values, [2]).data), values.constructor.name).toEqual([1, 255]);
    }
  });

  it("copies what is not float32", () => {
    const pixels = Uint8ClampedArray.of(1, 2);
    const { data } = make(pixels, [2]);
    pixels[0] = 9;
    expect(data[0]).toBe(1);
  });

  it("refuses what is no flat array of numbers, in words", () => {
    const nested = [
      [1, 2],
      [3, 4],
    ] as unknown as number[];
    refuses(() => make(nested, [2]), "E_VALUE", "[Tensor] expected numbers, got an array at index 0", "flat array");
    refuses(() => make([1, undefined as never], [2]), "E_VALUE", "expected numbers, got undefined at index 1");
    refuses(() => make(new Array(2), [2]), "E_VALUE", "got undefined at index 0");
    refuses(() => make([1, "2" as never], [2]), "E_VALUE", "got a string at index 1");
    refuses(() => make([null as never], [1]), "E_VALUE", "got null at index 0");
    for (const [values, name] of [
      [undefined, "undefined"],
      [null, "null"],
      [3, "a number"],
      ["34", "a string"],
      [new ArrayBuffer(8), "ArrayBuffer"],
      [new DataView(new ArrayBuffer(8)), "DataView"],
      [new Set([1, 2]), "Set"],
    ]) {
      refuses(() => make(values as never, [2]), "E_VALUE", `[Tensor] expected an array of numbers, got ${name}`);
    }
  });
});

describe("a tensor as text", () => {
  it("has its class, its shape and its values, a row a line, in columns", () => {
    expect(String(tensor([1, 2, 3, 4, -5.5, 0.1], [2, 3]))).toBe(
      "Tensor [2, 3]\n[[   1,    2,    3],\n [   4, -5.5,  0.1]]",
    );
    expect(String(tensor([1, 2], [2]))).toBe("Tensor [2]\n[1, 2]");
    expect(String(tensor([7], []))).toBe("Tensor []\n7");
    expect(String(zeros([0, 3]))).toBe("Tensor [0, 3]\n[]");
    expect(String(zeros([1e9, 0]))).toBe("Tensor [1000000000, 0]\n[]");
  });

  it("sets matrices apart", () => {
    const text = String(tensor([1, 2, 3, 4, 5, 6, 7, 8], [2, 2, 2]));
    expect(text).toBe("Tensor [2, 2, 2]\n[[[1, 2],\n  [3, 4]],\n\n [[5, 6],\n  [7, 8]]]");
  });

  it("shows the ends of each axis where there are many values", () => {
    const values = Array.from({ length: 160 }, (_, i) => i);
    expect(String(tensor(values, [160]))).toBe("Tensor [160]\n[  0,   1,   2, …, 157, 158, 159]");
    expect(String(tensor(values, [8, 20])).split("\n")).toEqual([
      "Tensor [8, 20]",
      "[[  0,   1,   2, …,  17,  18,  19],",
      " [ 20,  21,  22, …,  37,  38,  39],",
      " [ 40,  41,  42, …,  57,  58,  59],",
      " …,",
      " [100, 101, 102, …, 117, 118, 119],",
      " [120, 121, 122, …, 137, 138, 139],",
      " [140, 141, 142, …, 157, 158, 159]]",
    ]);
    // A short axis is whole beside a long one.
    expect(String(tensor(values, [80, 2])).split("\n")[1]).toBe("[[  0,   1],");
    expect(String(randn([64, 32, 32, 16], { seed: 1 })).length).toBeLessThan(25_000);
  });

  it("rounds to five digits, and keeps whole numbers", () => {
    const shown = (value: number) => String(tensor([value], [])).split("\n")[1];
    for (const [value, text] of [
      [0.1, "0.1"],
      [1 / 3, "0.33333"],
      [100000, "100000"],
      [123456, "123456"],
      [1234567, "1.2346e+6"],
      [12345.678, "12346"],
      [2e6, "2e+6"],
      [1e-8, "1e-8"],
      [-1.5e-7, "-1.5e-7"],
      [3.4e38, "3.4e+38"],
      [-0, "-0"],
      [Number.NaN, "NaN"],
      [Number.NEGATIVE_INFINITY, "-Infinity"],
    ] as const) {
      expect(shown(value)).toBe(text);
    }
  });

  it("names a parameter, also while a trainer holds it", () => {
    const model = new Sequential(new Linear(2, 1));
    const { bias } = model.layers[0] as Linear;
    bias?.data.fill(3);
    expect(String(bias)).toBe("Parameter [1]\n[3]");
    const trainer = new Trainer(model, { optimizer: new SGD({ lr: 1 }) });
    expect(String(bias)).toBe("Parameter [1]\n[3]");
    expect(bias).toBeInstanceOf(Parameter);
    trainer.close();
  });
});

describe("a tensor as JSON", () => {
  it("keeps shape and values", () => {
    const text = JSON.stringify({ x: tensor([1, 0.5, -2, 0], [2, 2]) });
    expect(text).toBe('{"x":{"shape":[2,2],"data":[1,0.5,-2,0]}}');
    const x = randn([3, 5], { seed: 1 });
    const { data, shape } = JSON.parse(JSON.stringify(x));
    expect(tensor(data, shape).data).toEqual(x.data);
  });

  it("has null for what JSON has no number for", () => {
    expect(JSON.stringify(tensor([Number.NaN, Number.POSITIVE_INFINITY, 1], [3]).toJSON().data)).toBe("[null,null,1]");
  });
});
