import { readFile, stat } from "node:fs/promises";
import { extname } from "node:path";
import { InputError } from "../errors.ts";
import { modelErrors } from "../modelfile.ts";
import { integer } from "../words.ts";
import { openFolder } from "./folder.ts";
import { IMAGE_ENDINGS, type ImageOptions, isImage, openImages } from "./images.ts";
import { type NpyArray, parseNpy } from "./npy.ts";
import { arrayIn, parseNpz } from "./npz.ts";
import { openSafetensors } from "./safetensors.ts";
import { type Samples, samplesAlong } from "./samples.ts";

/** What is read at once; the system reads no more in one call. */
const MOST_BYTES = 2 ** 31 - 1;

/**
 * The samples in a file or folder: each array of .npy, .npz or .safetensors, along its first axis; an image; all images or
 * .npy files of a folder, one after another.
 *
 * @param image  how images become numbers; asked only where there are images
 * @throws       InputError when there is nothing of these, or it cannot be read or is not in order
 */
export function openSamples(path: string, image: () => ImageOptions): Promise<Samples[]> {
  return modelErrors(path, async () => {
    const stats = await stat(path);
    if (stats.isDirectory()) return [await openFolder(path, image, openEachTime)];
    if (isImage(path)) return [await openImages([path], path, image())];
    switch (extname(path).toLowerCase()) {
      case ".npy":
        return [kept(await readNpy(path), null, path)];
      case ".npz": {
        const arrays = parseNpz(await readWhole(path), path);
        return [...arrays].map(([name, array]) => kept(array, name, arrayIn(path, name)));
      }
      case ".safetensors":
        return openSafetensors(path);
      default:
        throw new InputError(
          `${path}: expected a folder, or a file that ends in .npy, .npz, .safetensors, ${IMAGE_ENDINGS}`,
        );
    }
  });
}

function kept({ shape, dtype, data }: NpyArray, name: string | null, source: string): Samples {
  return samplesAlong({ name, source, shape, dtype, load: async () => data });
}

/** Without keeping the values: all files of a folder may not fit memory. */
async function openEachTime(path: string): Promise<Samples> {
  const { shape, dtype } = await readNpy(path);
  return samplesAlong({ name: null, source: path, shape, dtype, load: async () => (await readNpy(path)).data });
}

async function readNpy(path: string): Promise<NpyArray> {
  return parseNpy(await readWhole(path), path);
}

async function readWhole(path: string): Promise<Uint8Array> {
  const { size } = await stat(path);
  if (size > MOST_BYTES) {
    throw new InputError(
      `${path}: expected a file of less than 2 GB, got ${integer(size)} bytes: give several .npy files in a folder`,
    );
  }
  return readFile(path);
}
