/** Images as samples: colours, sizes, layouts, and what is no image. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { InputError } from "#dist/errors.js";
import { imageDefaults } from "#dist/inputs/imagedefaults.js";
import type { ImageOptions } from "#dist/inputs/images.js";
import { openSamples } from "#dist/inputs/open.js";
import { temporaryFolder } from "../support/folder.ts";

const plain: ImageOptions = {
  height: 2,
  width: 2,
  channels: 3,
  layout: "NHWC",
  mean: [0],
  std: [1 / 255],
  fit: "cover",
};

/** Red and green above blue and a dark grey. */
const COLOURS = [255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 10, 10];

function image(values: readonly number[], width = 2, channels: 1 | 2 | 3 | 4 = 3) {
  const height = values.length / width / channels;
  return sharp(Uint8Array.from(values), { raw: { width, height, channels } });
}

/** The values of images in a folder, by name, in the order of names; rounded to whole numbers. */
async function read(files: Record<string, Uint8Array>, options: Partial<ImageOptions> = {}): Promise<number[]> {
  const folder = temporaryFolder();
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes);
  const [samples] = await openSamples(folder, () => ({ ...plain, ...options }));
  expect(samples.count).toBe(Object.keys(files).length);
  return Array.from((await samples.read(0, samples.count)) as Float32Array, (value) => Number(value.toFixed(3)));
}

const png = (values: readonly number[], width?: number, channels?: 1 | 2 | 3 | 4) =>
  image(values, width, channels).png().toBuffer();

describe("pixels", () => {
  it("come as they are from PNG and WebP, nearly so from JPEG", async () => {
    expect(await read({ "a.png": await png(COLOURS) })).toEqual(COLOURS);
    expect(await read({ "a.webp": await image(COLOURS).webp({ lossless: true }).toBuffer() })).toEqual(COLOURS);
    const jpeg = await image(COLOURS).jpeg({ quality: 100, chromaSubsampling: "4:4:4" }).toBuffer();
    const values = await read({ "a.JPEG": jpeg });
    values.forEach((value, i) => {
      expect(Math.abs(value - COLOURS[i])).toBeLessThan(4);
    });
  });

  it("come channel by channel in NCHW, and normalized", async () => {
    const values = await read(
      { "a.png": await png(COLOURS) },
      { layout: "NCHW", mean: [1, 0, 0], std: [0.5, 1, 1 / 255] },
    );
    const round = (value: number) => Number(value.toFixed(3));
    expect(values.slice(0, 4)).toEqual([0, -2, -2, round((10 / 255 - 1) / 0.5)]);
    expect(values.slice(4, 8)).toEqual([0, 1, 0, round(10 / 255)]);
    expect(values.slice(8)).toEqual([0, 0, 255, 10]);
  });

  it("become brightness for one channel; grey stays what it is, and is three channels elsewhere", async () => {
    expect(await read({ "a.png": await png(COLOURS) }, { channels: 1 })).toEqual([76.245, 149.685, 29.07, 10]);
    const grey = await image([0, 100, 200, 255], 2, 1).toColourspace("b-w").png().toBuffer();
    expect(await read({ "a.png": grey }, { channels: 1 })).toEqual([0, 100, 200, 255]);
    expect((await read({ "a.png": grey })).slice(3, 9)).toEqual([100, 100, 100, 200, 200, 200]);
  });

  it("that are transparent become white", async () => {
    const values = [255, 0, 0, 0, 0, 0, 0, 255, 1, 2, 3, 255, 9, 9, 9, 0];
    expect(await read({ "a.png": await png(values, 2, 4) })).toEqual([255, 255, 255, 0, 0, 0, 1, 2, 3, 255, 255, 255]);
  });

  it("are turned as EXIF says", async () => {
    const turned = await image(COLOURS).withMetadata({ orientation: 6 }).png().toBuffer();
    const [red, green, blue, grey] = [0, 3, 6, 9].map((at) => COLOURS.slice(at, at + 3));
    expect(await read({ "a.png": turned })).toEqual([...blue, ...red, ...grey, ...green]);
  });
});

it("an image of another shape is cropped to its centre, gets black sides, or is stretched", async () => {
  const wide = await png([50, 100, 200, 250, 50, 100, 200, 250], 4, 1);
  expect(await read({ "a.png": wide }, { channels: 1, fit: "cover" })).toEqual([100, 200, 100, 200]);
  const [left, right] = await read({ "a.png": wide }, { channels: 1, fit: "fill" });
  expect([left < 100, right > 200]).toEqual([true, true]);
  const size = { height: 4, width: 4 };
  const inside = await read({ "a.png": wide }, { channels: 1, fit: "contain", ...size });
  expect(inside).toEqual([0, 0, 0, 0, 50, 100, 200, 250, 50, 100, 200, 250, 0, 0, 0, 0]);
});

it("a large image becomes a small one by averages, not by picking pixels", async () => {
  const board = Array.from({ length: 64 * 64 }, (_, i) => ((i + Math.floor(i / 64)) % 2) * 200);
  for (const value of await read({ "a.png": await png(board, 64, 1) }, { channels: 1 })) {
    expect(Math.abs(value - 100)).toBeLessThan(3);
  }
});

it("images of a folder and those in it come in the order of their paths, a few at a time; other files do not count", async () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, "b"));
  for (const [name, value] of Object.entries({ "c.png": 3, "a.png": 1, "b/x.png": 2 })) {
    writeFileSync(join(folder, name), await png(new Array(4).fill(value), 2, 1));
  }
  writeFileSync(join(folder, "b", "labels.txt"), "1");
  const [samples] = await openSamples(folder, () => ({ ...plain, channels: 1 }));
  expect([samples.name, samples.count, samples.shape, samples.dtype]).toEqual([null, 3, [2, 2, 1], "float32"]);
  const of = async (from: number, to: number) => Array.from((await samples.read(from, to)) as Float32Array, Math.round);
  expect(await of(1, 3)).toEqual([2, 2, 2, 2, 3, 3, 3, 3]);
  expect(await of(0, 1)).toEqual([1, 1, 1, 1]);
});

describe("what is no image, or not whole, is named:", () => {
  const refused = async (bytes: Uint8Array, message: string) => {
    const reading = read({ "good.png": await png(COLOURS), "bad.png": bytes });
    await expect(reading).rejects.toThrow(InputError);
    await expect(reading).rejects.toThrow(new RegExp(`bad\\.png: expected a PNG, JPEG or WebP image.*${message}`, "s"));
  };

  it("bytes of another kind, or none", async () => {
    await refused(Buffer.from("not an image"), "unsupported");
    await refused(new Uint8Array(0), "");
    await refused(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="2" height="2"/>'), "its format is svg");
  });

  it("a part of an image", async () => {
    const noise = Array.from({ length: 48 * 48 }, (_, i) => (i * 7919) % 256);
    const whole = await png(noise, 48, 1);
    await refused(whole.subarray(0, whole.length >> 1), "");
    const jpeg = await image(noise, 48, 1).jpeg().toBuffer();
    await refused(jpeg.subarray(0, jpeg.length >> 1), "");
  });

  it("the first of two, whichever was decoded first", async () => {
    const noise = Array.from({ length: 3 * 400 * 400 }, (_, i) => (i * 7919) % 256);
    const whole = await png(noise, 400);
    const reading = read({ "a.png": whole.subarray(0, whole.length - 999), "b.png": Buffer.from("not an image") });
    await expect(reading).rejects.toThrow(/a\.png: expected/);
  });

  it("broken bytes, whatever they are", async () => {
    const jpeg = await image(COLOURS).jpeg().toBuffer();
    for (let at = 0; at < jpeg.length; at += 9) {
      const broken = Buffer.from(jpeg);
      broken[at] ^= 0xff;
      const result = await read({ "a.jpg": broken }).catch((error) => error);
      expect(result instanceof InputError || Array.isArray(result), `byte ${at}: ${result}`).toBe(true);
    }
  });
});

it("a model's input tells layout, channels and size where they are numbers", () => {
  const told = (...dims: (number | string | null)[]) => Object.values(imageDefaults(dims));
  expect(told("n", 3, 224, 192)).toEqual(["NCHW", 3, 224, 192]);
  expect(told(1, 28, 28, 1)).toEqual(["NHWC", 1, 28, 28]);
  expect(told(null, 3, "h", null)).toEqual(["NCHW", 3, null, null]);
  expect(told("n", 3, 32, 3)).toEqual([null, null, null, null]);
  expect(told("n", 64, 32, 32)).toEqual([null, null, null, null]);
  expect(told("n", 3)).toEqual([null, null, null, null]);
  expect(imageDefaults(["n", 3, 32, 3], "NHWC")).toEqual({ layout: "NHWC", channels: 3, height: 3, width: 32 });
  expect(imageDefaults(null)).toMatchObject({ layout: null });
});
