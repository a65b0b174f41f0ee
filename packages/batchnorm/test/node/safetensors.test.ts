/** A safetensors file read piece by piece. */
import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readSafetensors, writeSafetensors } from "batchnorm/formats";
import { SafetensorsFile } from "batchnorm/node";
import { afterEach, beforeEach, expect, it } from "vitest";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "safetensors-"));
});
afterEach(() => rm(folder, { recursive: true }));

async function stored(bytes: Uint8Array): Promise<string> {
  const path = join(folder, "model.safetensors");
  await writeFile(path, bytes);
  return path;
}

const weight = { shape: [2, 2], data: Float32Array.of(1, 2, 3, 4), dtype: "F16" as const };
const tensors = { weight, count: { shape: [], data: BigInt64Array.of(7n) } };

it("has types, shapes and metadata at once, and arrays when they are asked for", async () => {
  await using file = await SafetensorsFile.open(await stored(writeSafetensors({ tensors, metadata: { a: "b" } })));
  expect([...file.tensors.keys()]).toEqual(["count", "weight"]);
  expect(file.tensors.get("weight")).toMatchObject({ dtype: "F16", shape: [2, 2] });
  expect(file.metadata).toEqual({ a: "b" });
  expect(await file.read("weight")).toEqual(weight);
  expect(await file.read("count")).toMatchObject({ dtype: "I64", data: BigInt64Array.of(7n) });
});

it("refuses a name that is not in the file", async () => {
  await using file = await SafetensorsFile.open(await stored(writeSafetensors({ tensors, metadata: {} })));
  await expect(file.read("bias")).rejects.toThrow('the name of an array in the file, got "bias"');
});

it("says when the file is cut off: when it is opened, and when it was cut afterwards", async () => {
  const bytes = writeSafetensors({ tensors, metadata: {} });
  for (const length of [0, 7, 20, bytes.length - 1]) {
    const path = await stored(bytes.subarray(0, length));
    await expect(SafetensorsFile.open(path)).rejects.toMatchObject({ code: "E_FORMAT" });
  }
  const path = await stored(bytes);
  await using file = await SafetensorsFile.open(path);
  await truncate(path, bytes.length - 2);
  await expect(file.read("weight")).rejects.toThrow("the file is cut off");
});

it("can be read whole from a Buffer, as copies", () => {
  const source = Buffer.from(writeSafetensors({ tensors, metadata: {} }));
  const read = readSafetensors(source);
  source.fill(0);
  expect(read.tensors.weight).toEqual(weight);
});
