import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { store } from "#dist/datasets/cache.js";
import { CIFAR10_CLASSES, loadCifar10 } from "#dist/datasets/cifar10.js";
import { InputError } from "#dist/errors.js";
import { BINARY_FILES, binaryFile, colourOf, writeBinaryFiles } from "../support/cifar.ts";
import { temporaryFolder } from "../support/folder.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

function smallFolder(): string {
  const folder = temporaryFolder();
  writeBinaryFiles(folder);
  return folder;
}

describe("CIFAR-10 given as a folder", () => {
  test("has the files' images one after the other, with the colours of a pixel side by side", async () => {
    const { train, test: held } = await loadCifar10(smallFolder());
    expect([train.length, held.length]).toEqual([10, 10]);
    expect([train.images.length, held.images.length]).toEqual([10 * 3072, 10 * 3072]);
    expect([...train.labels]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    const expected = (file: number, image: number) =>
      Uint8Array.from({ length: 3072 }, (_, at) => colourOf(file, image, Math.floor(at / 3), at % 3));
    for (let image = 0; image < 10; image++) {
      const of = (images: Uint8Array) => images.slice(image * 3072, (image + 1) * 3072);
      expect(Buffer.compare(of(train.images), expected(Math.floor(image / 2), image % 2))).toBe(0);
      expect(Buffer.compare(of(held.images), expected(5, image))).toBe(0);
    }
    expect(CIFAR10_CLASSES[train.labels[6] as number]).toBe("frog");
  });

  test("is in memory that threads share", async () => {
    const { train, test: held } = await loadCifar10(smallFolder());
    for (const { images, labels } of [train, held]) {
      expect(images.buffer).toBeInstanceOf(SharedArrayBuffer);
      expect(labels.buffer).toBeInstanceOf(SharedArrayBuffer);
    }
  });

  test("may be the folder around the one of the official archive", async () => {
    const outer = join(temporaryFolder(), "outer");
    writeBinaryFiles(join(outer, "cifar-10-batches-bin"));
    const { name, fingerprint } = await loadCifar10(outer);
    expect(name).toBe("outer");
    expect(fingerprint).toBe((await loadCifar10(smallFolder())).fingerprint);
  });

  test("has another fingerprint when one pixel differs", async () => {
    const folder = smallFolder();
    const before = (await loadCifar10(folder)).fingerprint;
    const path = join(folder, "test_batch.bin");
    const bytes = readFileSync(path);
    bytes[100] ^= 1;
    writeFileSync(path, bytes);
    expect((await loadCifar10(folder)).fingerprint).not.toBe(before);
  });

  const refused = async (damage: (folder: string) => void, sentence: RegExp) => {
    const folder = smallFolder();
    damage(folder);
    const failure = await loadCifar10(folder).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(InputError);
    expect((failure as Error).message).toMatch(sentence);
  };

  test.each(BINARY_FILES)("without %s is refused, with what to do", (name) =>
    refused(
      (folder) => rmSync(join(folder, name)),
      new RegExp(`found no ${name}; CIFAR-10 is a folder with .*fetch it with: batchnorm data cifar10.*--data`),
    ),
  );

  test("a folder that does not exist", async () => {
    await expect(loadCifar10("/does/not/exist")).rejects.toThrow(/^\/does\/not\/exist: found no data_batch_1\.bin/);
  });

  test.each([
    ["nothing", 0],
    ["less than a record", 3072],
    ["more than a record", 3074],
  ])("a file of %s", (_, length) =>
    refused(
      (folder) => writeFileSync(join(folder, "data_batch_3.bin"), new Uint8Array(length)),
      /data_batch_3\.bin: expected records of 3,073 bytes .*; the file has [\d,]+ bytes$/,
    ),
  );

  test("a label that is no class", () =>
    refused((folder) => {
      const bytes = binaryFile(1, 2);
      bytes[3073] = 10;
      writeFileSync(join(folder, "data_batch_2.bin"), bytes);
    }, /data_batch_2\.bin: expected labels from 0 to 9, got 10 for image 1/));

  test("a folder in the place of a file", () =>
    refused((folder) => {
      rmSync(join(folder, "test_batch.bin"));
      mkdirSync(join(folder, "test_batch.bin"));
    }, /test_batch\.bin: could not be read: EISDIR/));
});

describe("CIFAR-10 from the cache", () => {
  const missing = /cifar10: CIFAR-10 is not there, or not as it was stored; fetch it with: batchnorm data cifar10/;

  async function filledCache(): Promise<string> {
    const cache = temporaryFolder();
    vi.stubEnv("BATCHNORM_CACHE", cache);
    const folder = join(cache, "cifar10");
    const files = BINARY_FILES.map((path, index) => ({ path, bytes: binaryFile(index, index < 5 ? 2 : 10) }));
    await store(folder, files);
    return folder;
  }

  test("is what was stored there", async () => {
    await filledCache();
    const { name, fingerprint, train } = await loadCifar10();
    expect(name).toBe("CIFAR-10");
    expect([...train.labels]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(fingerprint).toBe((await loadCifar10(smallFolder())).fingerprint);
  });

  test("is refused where there is nothing", async () => {
    vi.stubEnv("BATCHNORM_CACHE", temporaryFolder());
    const failure = await loadCifar10().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(InputError);
    expect((failure as Error).message).toMatch(missing);
  });

  test.each<[string, (folder: string) => void]>([
    ["a file is missing", (folder) => rmSync(join(folder, "data_batch_5.bin"))],
    [
      "two files are exchanged",
      (folder) => {
        renameSync(join(folder, "data_batch_1.bin"), join(folder, "other"));
        renameSync(join(folder, "data_batch_2.bin"), join(folder, "data_batch_1.bin"));
        renameSync(join(folder, "other"), join(folder, "data_batch_2.bin"));
      },
    ],
    ["a file is another", (folder) => writeFileSync(join(folder, "data_batch_4.bin"), binaryFile(0, 2))],
    ["nothing says that it is whole", (folder) => rmSync(join(folder, "SHA256SUMS"))],
  ])("is refused when %s", async (_, damage) => {
    damage(await filledCache());
    await expect(loadCifar10()).rejects.toThrow(missing);
  });
});
