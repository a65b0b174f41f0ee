import { expect, it } from "vitest";
import { crc32 } from "#dist/formats/crc32.js";

const bytes = new TextEncoder().encode("123456789");

it("crc32 is IEEE 802.3's, whose check value is cbf43926", () => {
  expect(crc32(bytes)).toBe(0xcbf43926);
  expect(crc32(new Uint8Array(0))).toBe(0);
});

it("crc32 of a part goes on from that of the part before", () => {
  for (let i = 0; i <= bytes.length; i++)
    expect(crc32(bytes.subarray(i), crc32(bytes.subarray(0, i)))).toBe(0xcbf43926);
});
