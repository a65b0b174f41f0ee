import { InputError } from "../errors.ts";

/** An array of unsigned bytes read from an IDX file; `data` is a view of the file's bytes. */
export interface ByteArray {
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

const UNSIGNED_BYTE = 0x08;
const count = (value: number) => value.toLocaleString("en");

/**
 * Reads the bytes of an IDX file, the format of MNIST: two zero bytes, the type of the elements, the number
 * of dimensions, each dimension as a big-endian 32-bit integer, then the elements in row-major order.
 *
 * @param bytes  the whole file, not compressed
 * @param name   what error messages call the file
 * @param rank   the number of dimensions expected: 3 for images, 1 for labels
 * @throws       InputError when the magic number, the dimensions or the length are not those of such a file
 */
export function parseIdx(bytes: Uint8Array, name: string, rank: number): ByteArray {
  if (bytes.length < 4) {
    throw new InputError(
      `${name}: expected an IDX file, which begins with a magic number of 4 bytes, but the file has ${bytes.length}`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = view.getUint32(0);
  const expectedMagic = (UNSIGNED_BYTE << 8) | rank;
  if (magic !== expectedMagic) {
    throw new InputError(
      `${name}: expected the magic number ${hex(expectedMagic)} (unsigned bytes in ${dimensions(rank)}), got ${hex(magic)}${hint(magic, rank)}`,
    );
  }
  const header = 4 + 4 * rank;
  if (bytes.length < header) {
    throw new InputError(`${name}: cut off inside its header: expected ${header} bytes, got ${bytes.length}`);
  }
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  const size = shape.reduce((product, length) => product * length, 1);
  if (size === 0) throw new InputError(`${name}: holds no values: its dimensions are ${shape.join(" × ")}`);
  if (bytes.length !== header + size) {
    const state = bytes.length < header + size ? "is cut off" : "has bytes after its end";
    throw new InputError(
      `${name}: ${state}: ${shape.map(count).join(" × ")} values and the header take ${count(header + size)} bytes, the file has ${count(bytes.length)}`,
    );
  }
  return { shape, data: bytes.subarray(header) };
}

function hex(magic: number): string {
  return `0x${magic.toString(16).padStart(8, "0")}`;
}

function dimensions(rank: number): string {
  return rank === 1 ? "1 dimension" : `${rank} dimensions`;
}

/** Says more where the mistake can be recognised. */
function hint(magic: number, rank: number): string {
  if (magic >>> 16 !== 0) return ": this is not an IDX file";
  if (((magic >>> 8) & 0xff) !== UNSIGNED_BYTE) return ": its elements are not unsigned bytes";
  if (rank === 3 && (magic & 0xff) === 1) return ": this looks like a file of labels";
  if (rank === 1 && (magic & 0xff) === 3) return ": this looks like a file of images";
  return "";
}
