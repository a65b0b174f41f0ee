import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { loadMnist } from "#dist/datasets/mnist.js";
import { InputError } from "#dist/errors.js";
import { idxBytes, smallDataset, stripes } from "../support/mnist.ts";

const NAMES = [
  "train-images-idx3-ubyte",
  "train-labels-idx1-ubyte",
  "t10k-images-idx3-ubyte",
  "t10k-labels-idx1-ubyte",
];

describe("MNIST from its package", () => {
  test("is whole, and its images are binary", async () => {
    const { train, test: held, name } = await loadMnist();
    expect(name).toBe("MNIST");
    expect([train.length, held.length]).toEqual([60_000, 10_000]);
    expect(train.images.length).toBe(60_000 * 784);
    expect(train.images.every((pixel) => pixel === 0 || pixel === 1)).toBe(true);
    // The known numbers of zeros to nines among the training labels.
    const counts = new Array<number>(10).fill(0);
    for (const label of train.labels) counts[label] = (counts[label] ?? 0) + 1;
    expect(counts).toEqual([5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]);
  });
});

describe("a data set given as a folder", () => {
  test("is split at grey level 128", async () => {
    const folder = smallDataset(20, 10);
    const grey = Uint8Array.from({ length: 10 * 784 }, (_, index) => 126 + (index % 4));
    writeFileSync(join(folder, "t10k-images-idx3-ubyte"), idxBytes([10, 28, 28], grey));
    const { test: held } = await loadMnist(folder);
    expect([...held.images.subarray(0, 4)]).toEqual([0, 0, 1, 1]);
  });

  test("reads the same from .gz files and from gzip under a plain name", async () => {
    const folder = smallDataset(20, 10);
    const plain = await loadMnist(folder);
    for (const [index, name] of NAMES.entries()) {
      const path = join(folder, name);
      const zipped = gzipSync(readFileSync(path));
      rmSync(path);
      writeFileSync(index % 2 ? path : `${path}.gz`, zipped);
    }
    const zipped = await loadMnist(folder);
    expect(zipped.fingerprint).toBe(plain.fingerprint);
    expect(zipped.train.images).toEqual(plain.train.images);
    expect(zipped.test.labels).toEqual(plain.test.labels);
  });

  test("has another fingerprint when one pixel differs", async () => {
    const folder = smallDataset(20, 10);
    const before = (await loadMnist(folder)).fingerprint;
    const { images } = stripes(20, 1);
    images[5] = (images[5] ?? 0) ^ 1;
    writeFileSync(join(folder, "train-images-idx3-ubyte"), idxBytes([20, 28, 28], images));
    expect((await loadMnist(folder)).fingerprint).not.toBe(before);
  });

  const refused = async (damage: (folder: string) => void, sentence: RegExp) => {
    const folder = smallDataset(20, 10);
    damage(folder);
    const failure = await loadMnist(folder).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(InputError);
    expect((failure as Error).message).toMatch(sentence);
  };

  test("a missing file is named, with the names that are looked for", () =>
    refused(
      (folder) => rmSync(join(folder, NAMES[3] as string)),
      /found neither t10k-labels-idx1-ubyte nor t10k-labels-idx1-ubyte\.gz; a data set is a folder with train-images/,
    ));

  test("of several bad files the first is named, whichever was looked at first", () =>
    refused((folder) => {
      const [images, ...others] = NAMES.map((name) => join(folder, name));
      // To find the damage takes longer than to find that files are missing.
      writeFileSync(images, gzipSync(Buffer.alloc(4_000_000)).subarray(0, -4));
      for (const file of others) rmSync(file);
    }, /train-images-idx3-ubyte: the gzip file is damaged/));

  test("a folder that does not exist", async () => {
    await expect(loadMnist("/does/not/exist")).rejects.toThrow(/found neither train-images-idx3-ubyte/);
  });

  test("a file in the place of the folder", async () => {
    const file = join(smallDataset(20, 10), NAMES[0] as string);
    await expect(loadMnist(file)).rejects.toThrow(/could not be read: ENOTDIR/);
  });

  test("images of another size", () =>
    refused(
      (folder) => writeFileSync(join(folder, NAMES[0] as string), idxBytes([2, 32, 32], new Uint8Array(2048))),
      /expected images of 28 × 28 pixels, got 32 × 32/,
    ));

  test("fewer labels than images", () =>
    refused(
      (folder) => writeFileSync(join(folder, NAMES[1] as string), idxBytes([19], new Uint8Array(19))),
      /has 19 labels for the 20 images of .*train-images-idx3-ubyte; expected one for each/,
    ));

  test("a label that is no digit", () =>
    refused(
      (folder) => writeFileSync(join(folder, NAMES[3] as string), idxBytes([10], [0, 1, 2, 10, 4, 5, 6, 7, 8, 9])),
      /expected labels from 0 to 9, got 10 for image 3/,
    ));

  test("images and labels exchanged", () =>
    refused((folder) => {
      renameSync(join(folder, NAMES[0] as string), join(folder, "other"));
      renameSync(join(folder, NAMES[1] as string), join(folder, NAMES[0] as string));
      renameSync(join(folder, "other"), join(folder, NAMES[1] as string));
    }, /this looks like a file of (labels|images)/));

  test("a gzip file that is cut off", () =>
    refused((folder) => {
      const path = join(folder, NAMES[0] as string);
      const zipped = gzipSync(readFileSync(path));
      rmSync(path);
      writeFileSync(`${path}.gz`, zipped.subarray(0, zipped.length - 20));
    }, /train-images-idx3-ubyte\.gz: the gzip file is damaged or cut off/));
});
