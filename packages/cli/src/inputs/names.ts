/** Choices by the names that the command line has for them, apart from what takes time to load. */

/** Orders of the axes of images: samples, channels, height, width. */
export const LAYOUTS = ["NCHW", "NHWC"] as const;
/** How images of another shape get their size. */
export const FITS = ["cover", "fill", "contain"] as const;
