import type { Layout } from "./images.ts";

/** What a model's input tells of the images that it takes; null for what it leaves open. */
export interface ImageDefaults {
  readonly layout: Layout | null;
  readonly channels: 1 | 3 | null;
  readonly height: number | null;
  readonly width: number | null;
}

type Dims = readonly (number | string | null)[];

/**
 * @param dims    of the model's input, such as ["n", 3, 224, 224]; null where not even the rank is known
 * @param layout  where it is known otherwise
 */
export function imageDefaults(dims: Dims | null, layout: Layout | null = layoutOf(dims)): ImageDefaults {
  if (dims?.length !== 4 || !layout) return { layout, channels: null, height: null, width: null };
  const [channels, height, width] = layout === "NCHW" ? dims.slice(1) : [dims[3], dims[1], dims[2]];
  return { layout, channels: isColours(channels) ? channels : null, height: known(height), width: known(width) };
}

/** By the axis that alone has the size of colours. */
function layoutOf(dims: Dims | null): Layout | null {
  if (dims?.length !== 4 || isColours(dims[1]) === isColours(dims[3])) return null;
  return isColours(dims[1]) ? "NCHW" : "NHWC";
}

function isColours(size: Dims[number]): size is 1 | 3 {
  return size === 1 || size === 3;
}

function known(size: Dims[number]): number | null {
  return typeof size === "number" ? size : null;
}
