import { constants } from "node:buffer";
import { type FileHandle, open } from "node:fs/promises";
import { check, OnnxError, sentenceOf } from "../errors.ts";

/** What one call reads at most: the system's own limit is 2 GB. */
const MOST_BYTES_A_CALL = 1 << 30;

/**
 * The bytes of a file. Unlike `readFile` of Node 20, it takes files of more than 2 GB.
 *
 * @throws OnnxError E_FILE when it cannot be read, or is no file; E_UNSUPPORTED when it is larger than `most`
 */
export async function readWhole(
  path: string,
  most: number = constants.MAX_LENGTH,
  hint = "more does not fit one array",
): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const file = await open(path);
    try {
      const stats = await file.stat();
      check(stats.isFile(), "E_FILE", () => `expected "${path}" to be a file`);
      const { size } = stats;
      check(
        size <= most,
        "E_UNSUPPORTED",
        () => `expected "${path}" to have at most ${most} bytes, got ${size}: ${hint}`,
      );
      return await readFrom(file, path, size);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof OnnxError) throw error;
    const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
    const message = missing ? `there is no file "${path}"` : `cannot read "${path}": ${sentenceOf(error)}`;
    throw new OnnxError("E_FILE", message, { cause: error });
  }
}

async function readFrom(file: FileHandle, path: string, size: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; ) {
    const { bytesRead } = await file.read(bytes, at, Math.min(size - at, MOST_BYTES_A_CALL), at);
    check(bytesRead > 0, "E_FILE", () => `"${path}" became shorter while it was read`);
    at += bytesRead;
  }
  return bytes;
}
