/** The .npz format: a zip file with an .npy file for each array. */
import { type UnzipFileInfo, type Unzipped, unzipSync } from "fflate";
import { InputError } from "../errors.ts";
import { integer } from "../words.ts";
import { type NpyArray, parseNpy } from "./npy.ts";

const ENDING = ".npy";
const MOST_BYTES = 2 ** 32;
/** Deflate makes at most 258 bytes of 2 bits, so nothing takes less than a 1032nd of its size. */
const MOST_GAIN = 1032;
/** Compression methods of the zip format. */
const STORED = 0;
const DEFLATED = 8;

/**
 * The arrays of an .npz file by name. Nothing is unpacked that could not be in a file of this size.
 *
 * @param bytes   the whole file
 * @param source  what messages call the file
 * @throws        InputError when the bytes are no zip file in order, or one of its files is no .npy file as `parseNpy` reads
 */
export function parseNpz(bytes: Uint8Array, source: string): Map<string, NpyArray> {
  const sizes = listed(bytes, source);
  if (sizes.size === 0) throw new InputError(`${source}: expected arrays, got a file without any`);
  const arrays = new Map<string, NpyArray>();
  for (const [path, file] of Object.entries(unzip(bytes, source, () => true))) {
    const name = path.slice(0, -ENDING.length);
    const array = arrayIn(source, name);
    const [expected, got] = [sizes.get(path) ?? 0, file.length];
    if (got !== expected) {
      throw new InputError(`${array}: expected ${integer(expected)} bytes as the file says, got ${integer(got)}`);
    }
    arrays.set(name, parseNpy(file, array));
  }
  return arrays;
}

/** What messages call an array of a file. */
export function arrayIn(source: string, name: string): string {
  return `${source}: "${name}"`;
}

/** The sizes that files in the zip file will have, by path. @throws InputError when that cannot or must not be */
function listed(bytes: Uint8Array, source: string): Map<string, number> {
  const sizes = new Map<string, number>();
  let packed = 0;
  let unpacked = 0;
  unzip(bytes, source, ({ name, size, originalSize, compression }) => {
    const refuse = (what: string) => new InputError(`${source}: ${what}`);
    if (!name.endsWith(ENDING)) throw refuse(`expected only files that end in .npy in it, got "${name}"`);
    if (sizes.has(name)) throw refuse(`expected every name once in it, got "${name}" twice`);
    if (compression !== STORED && compression !== DEFLATED) {
      throw refuse(`expected "${name}" to be stored or deflated, got compression method ${compression}`);
    }
    packed += size;
    unpacked += originalSize;
    const most = compression === STORED ? size : size * MOST_GAIN;
    if (size === 0 || packed > bytes.length || originalSize > most) {
      throw refuse(`is damaged: "${name}" cannot be ${integer(originalSize)} bytes that take ${integer(size)}`);
    }
    if (unpacked > MOST_BYTES) {
      throw refuse("expected at most 4 GB of arrays, got more: .safetensors files are read array by array");
    }
    sizes.set(name, originalSize);
    return false;
  });
  return sizes;
}

/** @param filter  asked of each entry whether to unpack it */
function unzip(bytes: Uint8Array, source: string, filter: (entry: UnzipFileInfo) => boolean): Unzipped {
  try {
    return unzipSync(bytes, { filter });
  } catch (error) {
    if (error instanceof InputError) throw error;
    const { message } = error as Error;
    throw new InputError(`${source}: is no .npz file, or is damaged: ${message}`, { cause: error });
  }
}
