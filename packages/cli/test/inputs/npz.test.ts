/** .npz files: arrays by name, and sizes that are not believed. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Random } from "batchnorm";
import { zipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { InputError } from "#dist/errors.js";
import { parseNpz } from "#dist/inputs/npz.js";
import { openSamples } from "#dist/inputs/open.js";
import { temporaryFolder } from "../support/folder.ts";
import { counting, float32Npy, noImages } from "../support/npy.ts";

const files = { "images.npy": float32Npy([2, 3], counting(6)), "weights.npy": float32Npy([2], [7, 8]) };

const refuses = (bytes: Uint8Array, message: string) => {
  const read = () => parseNpz(bytes, "x.npz");
  expect(read).toThrow(InputError);
  expect(read).toThrow(message);
};

/** What an entry of the list at the end begins with. */
const ENTRY = "PK\x01\x02";
/** Changes four bytes in the entry of the first file in the list at the end, which stand at `offset` there. */
function changed(bytes: Uint8Array, offset: number, value: number): Uint8Array {
  const copy = Buffer.from(bytes);
  const entry = copy.indexOf(ENTRY, 0, "latin1");
  copy.writeUInt32LE(value, entry + offset);
  return copy;
}
const PACKED = 20;
const UNPACKED = 24;

describe.each([
  ["stored", 0],
  ["deflated", 6],
] as const)("a file with arrays that are %s", (_, level) => {
  const zip = zipSync(files, { level });

  it("gives them by name", async () => {
    const path = join(temporaryFolder(), "x.npz");
    writeFileSync(path, zip);
    const [images, weights] = await openSamples(path, noImages);
    expect([images.name, images.source, images.count, images.shape]).toEqual(["images", `${path}: "images"`, 2, [3]]);
    expect(await images.read(1, 2)).toEqual(Float32Array.of(3, 4, 5));
    expect([weights.name, weights.count, weights.shape, weights.dtype]).toEqual(["weights", 2, [], "float32"]);
    expect(await weights.read(0, 2)).toEqual(Float32Array.of(7, 8));
  });

  it("is refused when a size in it cannot be", () => {
    refuses(changed(zip, UNPACKED, 2 ** 32 - 2), 'is damaged: "images.npy" cannot be 4,294,967,294 bytes');
    refuses(changed(zip, PACKED, zip.length + 1), 'is damaged: "images.npy" cannot be');
    const size = files["images.npy"].length;
    refuses(changed(zip, UNPACKED, size - 1), level ? "is cut off" : `expected ${size - 1} bytes as the file says`);
    if (level) refuses(changed(zip, UNPACKED, size + 1), `expected ${size + 1} bytes as the file says, got ${size}`);
  });
});

it("no more is unpacked than 4 GB in all, which is known before anything is", () => {
  const random = new Random(1);
  const noise = Uint8Array.from({ length: 4_500_000 }, () => random.integer(256));
  const zip = Buffer.from(zipSync({ "a.npy": noise, "b.npy": noise }, { level: 1 }));
  const first = zip.indexOf(ENTRY, 0, "latin1");
  for (const entry of [first, zip.indexOf(ENTRY, first + 4, "latin1")])
    zip.writeUInt32LE(2 ** 32 - 2, entry + UNPACKED);
  refuses(zip, "expected at most 4 GB of arrays");
});

it("other files, other compressions, files without arrays and other bytes are refused", () => {
  refuses(zipSync({ ...files, "read.me": Uint8Array.of(1) }), 'only files that end in .npy in it, got "read.me"');
  refuses(changed(zipSync(files), 8, 12 << 16), 'expected "images.npy" to be stored or deflated');
  refuses(zipSync({}), "expected arrays, got a file without any");
  refuses(zipSync({ "a.npy": Uint8Array.of(1, 2, 3) }), 'x.npz: "a": expected an .npy file');
  for (const bytes of [[], [0x50, 0x4b], new Array(100).fill(0)]) refuses(Uint8Array.from(bytes), "is no .npz file");
});
