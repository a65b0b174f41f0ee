import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseIdx } from "#dist/datasets/idx.js";
import { InputError } from "#dist/errors.js";
import { idxBytes } from "../support/mnist.ts";

const images = idxBytes(
  [2, 3, 4],
  Array.from({ length: 24 }, (_, index) => index),
);

describe("an IDX file that is whole", () => {
  test("gives its dimensions and values", () => {
    const { shape, data } = parseIdx(images, "images", 3);
    expect(shape).toEqual([2, 3, 4]);
    expect([...data]).toEqual(Array.from({ length: 24 }, (_, index) => index));
  });

  test("is read from the middle of a larger buffer", () => {
    const larger = new Uint8Array(images.length + 7);
    larger.set(images, 7);
    expect(parseIdx(larger.subarray(7), "images", 3).data).toEqual(images.subarray(16));
  });

  test("comes back as it was written, whatever its size", () => {
    const array = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 4 }).chain((shape) => {
      const length = shape.reduce((product, extent) => product * extent, 1);
      return fc.tuple(fc.constant(shape), fc.uint8Array({ minLength: length, maxLength: length }));
    });
    fc.assert(
      fc.property(array, ([shape, values]) => {
        const parsed = parseIdx(idxBytes(shape, values), "file", shape.length);
        expect(parsed.shape).toEqual(shape);
        expect([...parsed.data]).toEqual([...values]);
      }),
    );
  });
});

describe("an IDX file that is not what it should be", () => {
  const message = (bytes: Uint8Array, rank: number) => {
    try {
      parseIdx(bytes, "train-images", rank);
    } catch (error) {
      expect(error).toBeInstanceOf(InputError);
      return (error as Error).message;
    }
    throw new Error("expected the file to be refused");
  };

  test("shorter than a magic number", () => {
    expect(message(new Uint8Array(3), 3)).toBe(
      "train-images: expected an IDX file, which begins with a magic number of 4 bytes, but the file has 3",
    );
  });

  test("something else altogether", () => {
    expect(message(new TextEncoder().encode("<html><body>"), 3)).toBe(
      "train-images: expected the magic number 0x00000803 (unsigned bytes in 3 dimensions), got 0x3c68746d: this is not an IDX file",
    );
  });

  test("elements that are not bytes", () => {
    const floats = images.slice();
    floats[2] = 0x0d;
    expect(message(floats, 3)).toContain("got 0x00000d03: its elements are not unsigned bytes");
  });

  test("labels in the place of images, and the other way round", () => {
    expect(message(idxBytes([4], [1, 2, 3, 4]), 3)).toContain("got 0x00000801: this looks like a file of labels");
    expect(message(images, 1)).toContain("got 0x00000803: this looks like a file of images");
  });

  test("cut off inside the header", () => {
    expect(message(images.subarray(0, 10), 3)).toBe(
      "train-images: cut off inside its header: expected 16 bytes, got 10",
    );
  });

  test("cut off inside the values", () => {
    expect(message(images.subarray(0, 39), 3)).toBe(
      "train-images: is cut off: 2 × 3 × 4 values and the header take 40 bytes, the file has 39",
    );
  });

  test("bytes after the end", () => {
    const longer = new Uint8Array(41);
    longer.set(images);
    expect(message(longer, 3)).toContain("has bytes after its end");
  });

  test("no values", () => {
    expect(message(idxBytes([0, 28, 28], []), 3)).toBe("train-images: holds no values: its dimensions are 0 × 28 × 28");
  });

  test("dimensions beyond any file", () => {
    const huge = images.slice();
    huge.fill(0xff, 4, 16);
    expect(message(huge, 3)).toContain("is cut off");
  });

  test("any bytes at all are either read or refused with a sentence", () => {
    const nearlyIdx = fc.tuple(fc.uint8Array({ maxLength: 60 }), fc.boolean()).map(([bytes, header]) => {
      const begun = bytes.slice();
      if (header) begun.set([0, 0, 8, 3, 0, 0, 0].slice(0, begun.length));
      return begun;
    });
    fc.assert(
      fc.property(nearlyIdx, (bytes) => {
        try {
          const { shape, data } = parseIdx(bytes, "file", 3);
          expect(shape.reduce((product, length) => product * length, 1)).toBe(data.length);
          expect(data.length + 16).toBe(bytes.length);
        } catch (error) {
          expect(error).toBeInstanceOf(InputError);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test("a whole file with one byte of its header changed is never read as another", () => {
    fc.assert(
      fc.property(fc.nat({ max: 15 }), fc.integer({ min: 1, max: 255 }), (position, difference) => {
        const damaged = images.slice();
        damaged[position] = (damaged[position] ?? 0) ^ difference;
        expect(() => parseIdx(damaged, "file", 3)).toThrow(InputError);
      }),
    );
  });
});
