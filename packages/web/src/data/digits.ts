import { PageError } from "../errors.ts";

/** The side of an image in pixels. */
export const SIDE = 28;
export const IMAGE_SIZE = SIDE * SIDE;
export const CLASSES = 10;
const IMAGE_BYTES = IMAGE_SIZE / 8;
const HEADER = 8;

/** MNIST images of two colours, as they come: one bit a pixel. */
export interface PackedDigits {
  readonly trainingCount: number;
  readonly testCount: number;
  /** [trainingCount + testCount], each 0 to 9 */
  readonly labels: Uint8Array;
  /** [trainingCount + testCount, 784 / 8], lowest bit first */
  readonly bits: Uint8Array;
}

/**
 * Finds the parts of the file: two counts (uint32, little endian), the labels, the pixels.
 *
 * @throws PageError when the file is not as long as its counts say
 */
export function parseDigits(bytes: Uint8Array): PackedDigits {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [trainingCount, testCount] =
    bytes.length < HEADER ? [0, 0] : [view.getUint32(0, true), view.getUint32(4, true)];
  const count = trainingCount + testCount;
  const expected = HEADER + count * (1 + IMAGE_BYTES);
  if (count === 0 || bytes.length !== expected) {
    throw new PageError(`The file of digits is damaged: it should have ${expected} bytes and has ${bytes.length}.`);
  }
  const labels = bytes.subarray(HEADER, HEADER + count);
  return { trainingCount, testCount, labels, bits: bytes.subarray(HEADER + count) };
}

/**
 * Images one byte a pixel, 0 or 1.
 *
 * @returns [to − from, 784]
 */
export function unpackImages({ bits }: PackedDigits, from: number, to: number): Uint8Array {
  const images = new Uint8Array((to - from) * IMAGE_SIZE);
  const start = from * IMAGE_SIZE;
  for (let i = 0; i < images.length; i++) images[i] = (bits[(start + i) >> 3] >> ((start + i) & 7)) & 1;
  return images;
}
