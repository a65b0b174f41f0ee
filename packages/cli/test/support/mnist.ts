/** Data sets like MNIST, in miniature. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { temporaryFolder } from "./folder.ts";

/** The bytes of an IDX file of unsigned bytes. */
export function idxBytes(shape: readonly number[], values: ArrayLike<number>): Uint8Array {
  const bytes = new Uint8Array(4 + 4 * shape.length + values.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x0800 | shape.length);
  shape.forEach((length, axis) => {
    view.setUint32(4 + 4 * axis, length);
  });
  bytes.set(values, 4 + 4 * shape.length);
  return bytes;
}

/** Images that a network can learn: each class lights a column of blocks of its own, with noise. */
export function stripes(count: number, seed: number): { images: Uint8Array; labels: Uint8Array } {
  const images = new Uint8Array(count * 784);
  const labels = new Uint8Array(count);
  let state = seed;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  for (let item = 0; item < count; item++) {
    const label = item % 10;
    labels[item] = label;
    for (let pixel = 0; pixel < 784; pixel++) {
      const lit = Math.floor(((pixel % 28) * 10) / 28) === label;
      images[item * 784 + pixel] = random() < (lit ? 0.9 : 0.15) ? 255 : 0;
    }
  }
  return { images, labels };
}

/** The four files of a small data set, in a folder that is removed when the test ends. */
export function smallDataset(trainCount = 600, testCount = 200): string {
  const folder = temporaryFolder();
  writeDataset(folder, trainCount, testCount);
  return folder;
}

/** A small data set that is in memory only: `load` reads the files, which are then removed. */
export async function loadSmall<Data>(load: (folder: string) => Promise<Data>, trainCount = 600, testCount = 200) {
  const folder = mkdtempSync(join(tmpdir(), "batchnorm-cli-"));
  try {
    writeDataset(folder, trainCount, testCount);
    return await load(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function writeDataset(folder: string, trainCount: number, testCount: number): void {
  const parts = [
    ["train", stripes(trainCount, 1), trainCount],
    ["t10k", stripes(testCount, 2), testCount],
  ] as const;
  for (const [name, { images, labels }, count] of parts) {
    writeFileSync(join(folder, `${name}-images-idx3-ubyte`), idxBytes([count, 28, 28], images));
    writeFileSync(join(folder, `${name}-labels-idx1-ubyte`), idxBytes([count], labels));
  }
}
