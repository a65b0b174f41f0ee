import { readFile } from "node:fs/promises";
import { extname } from "node:path";
import { allInOrder, InputError } from "../errors.ts";
import { modelErrors } from "../modelfile.ts";
import type { FITS, LAYOUTS } from "./names.ts";
import type { Samples } from "./samples.ts";

export type Layout = (typeof LAYOUTS)[number];

/** How images become numbers. */
export interface ImageOptions {
  readonly height: number;
  readonly width: number;
  /** 1: the brightness, 0.299 R + 0.587 G + 0.114 B. */
  readonly channels: 1 | 3;
  readonly layout: Layout;
  /** Of each channel, or one number for all: x = (pixel / 255 - mean) / std. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** cover: as small as fills the size, its centre; contain: as large as it holds, the rest black; fill: stretched. */
  readonly fit: (typeof FITS)[number];
}

const ENDINGS = [".png", ".jpg", ".jpeg", ".webp"];
/** As their bytes tell, whatever the ending. */
const FORMATS = ["png", "jpeg", "webp"];

export const IMAGE_ENDINGS = ENDINGS.join(", ");

export function isImage(path: string): boolean {
  return ENDINGS.includes(extname(path).toLowerCase());
}

/**
 * Images as samples of float32, decoded when they are asked for. They are turned as EXIF says, and what is transparent
 * becomes white. Sizes change by bilinear interpolation that averages over what a pixel covers, as torchvision's does.
 *
 * @param source  what messages call all of them
 * @throws        InputError when the package that decodes them is not there
 */
export async function openImages(paths: readonly string[], source: string, options: ImageOptions): Promise<Samples> {
  const { height, width, channels, layout } = options;
  const sharp = await loadSharp();
  const size = height * width * channels;
  return {
    name: null,
    source,
    count: paths.length,
    shape: layout === "NCHW" ? [channels, height, width] : [height, width, channels],
    dtype: "float32",
    async read(from, to) {
      const values = new Float32Array((to - from) * size);
      const decoded = paths.slice(from, to).map(async (path, i) => {
        const colours = await decode(sharp, path, options);
        normalize(colours, options, values.subarray(i * size, (i + 1) * size));
      });
      await allInOrder(decoded);
      return values;
    },
  };
}

type Sharp = typeof import("sharp")["default"];

async function loadSharp(): Promise<Sharp> {
  try {
    return (await import("sharp")).default;
  } catch (error) {
    const { message } = error as Error;
    throw new InputError(`reading images needs the package sharp: npm install it (${message})`, { cause: error });
  }
}

/** [height, width, 3] bytes of sRGB. */
async function decode(sharp: Sharp, path: string, { height, width, fit }: ImageOptions): Promise<Uint8Array> {
  const bytes = await modelErrors(path, () => readFile(path));
  try {
    const image = sharp(bytes);
    const { format } = await image.metadata();
    if (!FORMATS.includes(format)) throw new InputError(`its format is ${format}`);
    return await image
      .autoOrient()
      .flatten({ background: "white" })
      .resize({ width, height, fit, kernel: "linear", fastShrinkOnLoad: false })
      .toColourspace("srgb")
      .raw()
      .toBuffer();
  } catch (error) {
    const { message } = error as Error;
    throw new InputError(`${path}: expected a PNG, JPEG or WebP image that is whole: ${message}`, { cause: error });
  }
}

/** Puts an image's colours, [height, width, 3] bytes, into its place among the samples. */
function normalize(colours: Uint8Array, { channels, layout, mean, std }: ImageOptions, into: Float32Array): void {
  const pixels = colours.length / 3;
  const [pixelStep, channelStep] = layout === "NCHW" ? [1, pixels] : [channels, 1];
  for (let c = 0; c < channels; c++) {
    const center = mean[c] ?? mean[0];
    const spread = std[c] ?? std[0];
    for (let i = 0; i < pixels; i++) {
      const value = channels === 3 ? colours[3 * i + c] : brightness(colours, 3 * i);
      into[i * pixelStep + c * channelStep] = (value / 255 - center) / spread;
    }
  }
}

/** In integers first, so that grey stays exactly what it was. */
function brightness(colours: Uint8Array, at: number): number {
  return (299 * colours[at] + 587 * colours[at + 1] + 114 * colours[at + 2]) / 1000;
}
