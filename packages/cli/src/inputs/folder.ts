import { readdir } from "node:fs/promises";
import { extname, join } from "node:path";
import type { TypedArray } from "batchnorm-onnx";
import { InputError } from "../errors.ts";
import { IMAGE_ENDINGS, type ImageOptions, isImage, openImages } from "./images.ts";
import type { Samples } from "./samples.ts";

/**
 * The samples of all images, or of all .npy files, in a folder and those in it, one after another in the order of their
 * paths. Other files are left alone.
 *
 * @param image  asked only where there are images
 * @param open   opens an .npy file
 * @throws       InputError when the folder has neither or both, or arrays of different shapes or types
 */
export async function openFolder(
  path: string,
  image: () => ImageOptions,
  open: (path: string) => Promise<Samples>,
): Promise<Samples> {
  const files = (await readdir(path, { recursive: true })).sort().map((file) => join(path, file));
  const images = files.filter(isImage);
  const arrays = files.filter((file) => extname(file).toLowerCase() === ".npy");
  if (images.length > 0 && arrays.length > 0) {
    throw new InputError(
      `${path}: expected a folder of images or one of .npy files, got both: ${images[0]} and ${arrays[0]}`,
    );
  }
  if (images.length > 0) return openImages(images, path, image());
  if (arrays.length === 0) {
    throw new InputError(`${path}: expected a folder with images (${IMAGE_ENDINGS}) or .npy files, found none`);
  }
  const parts: Samples[] = [];
  for (const file of arrays) parts.push(await open(file));
  return joined(parts, path);
}

/** Samples one after another. */
function joined(parts: readonly Samples[], source: string): Samples {
  const [first] = parts;
  const kind = ({ dtype, shape }: Samples) => `${dtype} of shape [${shape.join(", ")}]`;
  const other = parts.find((part) => kind(part) !== kind(first));
  if (other) {
    throw new InputError(
      `${source}: expected samples that are all alike, got ${kind(first)} in ${first.source} and ${kind(other)} in ${other.source}`,
    );
  }
  return {
    name: null,
    source,
    count: parts.reduce((sum, { count }) => sum + count, 0),
    shape: first.shape,
    dtype: first.dtype,
    async read(from, to) {
      const pieces: TypedArray[] = [];
      let begin = 0;
      for (const part of parts) {
        const [start, end] = [Math.max(from - begin, 0), Math.min(to - begin, part.count)];
        if (start < end) pieces.push(await part.read(start, end));
        begin += part.count;
      }
      return concatenated(pieces);
    },
  };
}

/** @param pieces  at least one, of one type */
function concatenated(pieces: readonly TypedArray[]): TypedArray {
  if (pieces.length === 1) return pieces[0];
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const all = new (pieces[0].constructor as new (length: number) => TypedArray)(length);
  let at = 0;
  for (const piece of pieces) {
    // One type for all, as the compiler cannot know.
    (all as Float32Array).set(piece as Float32Array, at);
    at += piece.length;
  }
  return all;
}
