/** Reading of large files: Node 20 ends the process where one call is to read 2 GiB. */
import type { FileHandle } from "node:fs/promises";
import { expect, it } from "vitest";
import { readBytes } from "#dist/node/bytes.js";

it("reads 2 GiB and more in calls that the system takes, one after another", async () => {
  const count = 2 ** 31 + 4096;
  const calls: [offset: number, length: number, position: number][] = [];
  const file = {
    async read(_bytes: Uint8Array, offset: number, length: number, position: number) {
      calls.push([offset, length, position]);
      return { bytesRead: length };
    },
  };
  const bytes = await readBytes(file as unknown as FileHandle, 10, count);
  expect(bytes.length).toBe(count);
  expect(Math.max(...calls.map(([, length]) => length))).toBeLessThan(2 ** 31);
  let at = 0;
  for (const [offset, length, position] of calls) {
    expect([offset, position]).toEqual([at, at + 10]);
    at += length;
  }
  expect(at).toBe(count);
});
