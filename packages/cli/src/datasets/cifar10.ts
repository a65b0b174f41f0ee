import { basename, join, resolve } from "node:path";
import { InputError } from "../errors.ts";
import { integer } from "../words.ts";
import { cacheFolder, checksums, type DataFile, readIfThere, readStored, sha256 } from "./cache.ts";
import type { SharedData, SharedImages } from "./shared.ts";

/** What the labels 0 to 9 mean. */
export const CIFAR10_CLASSES: readonly string[] = [
  "airplane",
  "automobile",
  "bird",
  "cat",
  "deer",
  "dog",
  "frog",
  "horse",
  "ship",
  "truck",
];

/** The pixels of an image's 32 × 32 plane. */
export const PLANE = 32 * 32;
/** A record of the binary version: the label, then the planes of red, green and blue. */
export const RECORD = 1 + 3 * PLANE;
/** The files of the binary version, those of the training set first. */
export const CIFAR10_FILES: readonly string[] = [
  "data_batch_1.bin",
  "data_batch_2.bin",
  "data_batch_3.bin",
  "data_batch_4.bin",
  "data_batch_5.bin",
  "test_batch.bin",
];
/** The folder in which the official archive has them. */
const UNPACKED = "cifar-10-batches-bin";

/** Where `batchnorm data cifar10` keeps the files. */
export function cifar10Folder(): string {
  return cacheFolder("cifar10");
}

/**
 * Reads CIFAR-10 in its binary version: six files, each of any number of records.
 *
 * @param directory  a folder with the six files, or with the folder cifar-10-batches-bin that has them; what
 *                   `batchnorm data cifar10` has stored when not given
 * @returns          images [length, 32, 32, 3]
 * @throws           InputError when a file is missing or damaged
 */
export async function loadCifar10(directory?: string): Promise<SharedData> {
  const files = directory === undefined ? await readCached() : await readCifar10Files(directory);
  return {
    train: combine(files.slice(0, -1)),
    test: combine(files.slice(-1)),
    name: directory === undefined ? "CIFAR-10" : basename(resolve(directory)),
    fingerprint: sha256(Buffer.from(checksums(files))).slice(0, 16),
  };
}

async function readCached(): Promise<DataFile[]> {
  const files = await readStored(cifar10Folder(), CIFAR10_FILES);
  if (files) return files;
  throw new InputError(
    `${cifar10Folder()}: CIFAR-10 is not there, or not as it was stored; fetch it with: batchnorm data cifar10, or give a folder that has it with --data`,
  );
}

/**
 * Reads the six files of a folder and checks that they are made of records with labels from 0 to 9.
 *
 * @throws  InputError when one is missing or is not so
 */
export async function readCifar10Files(directory: string): Promise<DataFile[]> {
  const files: DataFile[] = [];
  for (const name of CIFAR10_FILES) {
    const file = (await readIfThere(join(directory, name))) ?? (await readIfThere(join(directory, UNPACKED, name)));
    if (!file) {
      throw new InputError(
        `${directory}: found no ${name}; CIFAR-10 is a folder with ${CIFAR10_FILES.join(", ")}; fetch it with: batchnorm data cifar10, or give a folder that has it with --data`,
      );
    }
    checkRecords(file);
    files.push(file);
  }
  return files;
}

function checkRecords({ path, bytes }: DataFile): void {
  if (bytes.length === 0 || bytes.length % RECORD !== 0) {
    throw new InputError(
      `${path}: expected records of ${integer(RECORD)} bytes (a label and 3 × 32 × 32 pixels), at least one and each whole; the file has ${integer(bytes.length)} bytes`,
    );
  }
  for (let record = 0; record * RECORD < bytes.length; record++) {
    const label = bytes[record * RECORD];
    if (label >= CIFAR10_CLASSES.length) {
      throw new InputError(
        `${path}: expected labels from 0 to ${CIFAR10_CLASSES.length - 1}, got ${label} for image ${record}; is this the binary version of CIFAR-10?`,
      );
    }
  }
}

/** The images of all files, one after the other, with each pixel's three colours side by side. */
function combine(files: readonly DataFile[]): SharedImages {
  const length = files.reduce((sum, { bytes }) => sum + bytes.length / RECORD, 0);
  const images = new Uint8Array(new SharedArrayBuffer(length * 3 * PLANE));
  const labels = new Uint8Array(new SharedArrayBuffer(length));
  let image = 0;
  let to = 0;
  for (const { bytes } of files) {
    for (let record = 0; record < bytes.length; record += RECORD) {
      labels[image++] = bytes[record];
      for (let pixel = record + 1; pixel <= record + PLANE; pixel++) {
        images[to++] = bytes[pixel];
        images[to++] = bytes[pixel + PLANE];
        images[to++] = bytes[pixel + 2 * PLANE];
      }
    }
  }
  return { length, images, labels };
}
