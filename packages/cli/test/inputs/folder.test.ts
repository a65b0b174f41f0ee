/** Paths: folders of .npy files, .safetensors files, and what is neither. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeSafetensors } from "batchnorm/formats";
import { describe, expect, it } from "vitest";
import { InputError } from "#dist/errors.js";
import { openSamples } from "#dist/inputs/open.js";
import { temporaryFolder } from "../support/folder.ts";
import { counting, float32Npy, noImages, npyBytes } from "../support/npy.ts";

function folderOf(files: Record<string, Uint8Array>): string {
  const folder = temporaryFolder();
  mkdirSync(join(folder, "more"));
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes);
  return folder;
}

async function refuses(path: string, message: string): Promise<void> {
  const reading = openSamples(path, noImages).then(([samples]) => samples.read(0, samples.count));
  await expect(reading).rejects.toThrow(InputError);
  await expect(reading).rejects.toThrow(message);
}

describe("a folder of .npy files", () => {
  const two = float32Npy([2, 2], [1, 2, 3, 4]);

  it("gives their samples one after another", async () => {
    const folder = folderOf({
      "a.npy": two,
      "b.npy": float32Npy([1, 2], [5, 6]),
      "more/c.npy": float32Npy([3, 2], counting(6)),
      "more/c.txt": Uint8Array.of(1),
    });
    const [samples] = await openSamples(folder, noImages);
    expect([samples.name, samples.count, samples.shape, samples.dtype]).toEqual([null, 6, [2], "float32"]);
    const all = [1, 2, 3, 4, 5, 6, 0, 1, 2, 3, 4, 5];
    for (let from = 0; from < 6; from++) {
      for (let to = from + 1; to <= 6; to++) {
        expect(await samples.read(from, to)).toEqual(Float32Array.from(all.slice(2 * from, 2 * to)));
      }
    }
  });

  it("of other shapes or types is refused, with both files", async () => {
    const shapes = folderOf({ "a.npy": two, "more/b.npy": float32Npy([1, 3], [1, 2, 3]) });
    await refuses(shapes, `float32 of shape [2] in ${join(shapes, "a.npy")} and float32 of shape [3] in`);
    const bytes = npyBytes({ shape: [1, 2], descr: "|u1", bytes: Uint8Array.of(1, 2) });
    await refuses(folderOf({ "a.npy": two, "b.npy": bytes }), "uint8 of shape [2] in");
  });

  it("and of images is refused, and so is one of neither", async () => {
    await refuses(folderOf({ "a.npy": two, "b.png": two }), "got both:");
    await refuses(folderOf({ "a.txt": two }), "expected a folder with images (.png, .jpg, .jpeg, .webp) or .npy files");
  });

  it("names the file and the sample of a value that is not finite", async () => {
    const folder = folderOf({ "a.npy": two, "b.npy": float32Npy([2, 2], [1, 2, 3, Number.NaN]) });
    await refuses(folder, `${join(folder, "b.npy")}: expected values that are finite, got NaN in sample 1`);
  });
});

describe("a .safetensors file", () => {
  const write = (tensors: Parameters<typeof writeSafetensors>[0]["tensors"]) =>
    join(folderOf({ "x.safetensors": writeSafetensors({ tensors, metadata: {} }) }), "x.safetensors");

  it("gives each array by name, and says which has a value that is not finite", async () => {
    const path = write({
      a: { shape: [2, 1, 2], data: Float32Array.of(1, 2, 3, 4), dtype: "F16" },
      b: { shape: [2], data: BigInt64Array.of(5n, 6n) },
      c: { shape: [3, 2], data: Float64Array.of(1, 2, 3, Number.POSITIVE_INFINITY, 5, 6) },
    });
    const samples = new Map((await openSamples(path, noImages)).map((each) => [each.name, each]));
    const dtypes = [...samples].map(([name, { dtype, count, shape }]) => [name, dtype, count, ...shape]);
    expect(dtypes.sort()).toEqual([
      ["a", "float16", 2, 1, 2],
      ["b", "int64", 2],
      ["c", "float64", 3, 2],
    ]);
    expect(await samples.get("a")?.read(1, 2)).toEqual(Float32Array.of(3, 4));
    expect(await samples.get("b")?.read(0, 2)).toEqual(BigInt64Array.of(5n, 6n));
    expect(await samples.get("c")?.read(2, 3)).toEqual(Float64Array.of(5, 6));
    await expect(samples.get("c")?.read(0, 3)).rejects.toThrow(
      '"c": expected values that are finite, got Infinity in sample 1',
    );
  });

  it("without arrays, or with bytes that are none, is refused", async () => {
    await refuses(write({}), "expected arrays, got a file without any");
    await refuses(join(folderOf({ "x.safetensors": Uint8Array.of(1) }), "x.safetensors"), "expected at least 8 bytes");
  });
});

it("scalars, arrays without values, other endings and missing files are refused", async () => {
  const folder = folderOf({
    "scalar.npy": float32Npy([], [1]),
    "empty.npy": float32Npy([0, 3], []),
    "x.txt": Uint8Array.of(1),
  });
  await refuses(join(folder, "scalar.npy"), "whose first axis is that of samples, got a single number");
  await refuses(join(folder, "empty.npy"), "got an array of shape [0, 3] without values");
  await refuses(join(folder, "x.txt"), "expected a folder, or a file that ends in .npy, .npz, .safetensors, .png");
  await refuses(join(folder, "missing.npy"), "missing.npy: there is no such file");
});
