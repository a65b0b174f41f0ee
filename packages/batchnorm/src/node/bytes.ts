import type { FileHandle } from "node:fs/promises";
import { fail } from "../formats/header.ts";

/** What one call reads at most: with 2 GiB and more, Node 20 ends the process. */
const MOST_BYTES_A_CALL = 2 ** 30;

/** @throws BatchNormError E_FORMAT when the file ends before */
export async function readBytes(file: FileHandle, position: number, count: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(count);
  let done = 0;
  while (done < count) {
    const wanted = Math.min(count - done, MOST_BYTES_A_CALL);
    const { bytesRead } = await file.read(bytes, done, wanted, position + done);
    if (bytesRead === 0) {
      throw fail(`expected ${count} bytes from byte ${position} on, got ${done}: the file is cut off`);
    }
    done += bytesRead;
  }
  return bytes;
}
