import { modelInputs, type OnnxModel } from "batchnorm-onnx";
import { InputError } from "../../errors.ts";
import { type Feeds, feedsFor } from "../../inputs/feed.ts";
import { imageDefaults } from "../../inputs/imagedefaults.ts";
import type { ImageOptions } from "../../inputs/images.ts";
import { openSamples } from "../../inputs/open.ts";
import type { DataOptions } from "./dataoptions.ts";

/** The options that are of images only. */
const OF_IMAGES = {
  imageSize: "--image-size",
  layout: "--layout",
  mean: "--mean",
  std: "--std",
  fit: "--fit",
} as const;

/**
 * Opens what `--data` says for a model's inputs.
 *
 * @throws InputError when it cannot be read, does not fit the model, or options of images are given for arrays
 */
export async function openFeeds(model: OnnxModel, path: string, options: DataOptions): Promise<Feeds> {
  let hasImages = false;
  const samples = await openSamples(path, () => {
    hasImages = true;
    return imageOptions(model, options);
  });
  if (!hasImages) refuseImageOptions(options, `${path} holds arrays, which are taken as they are`);
  return feedsFor(model, samples);
}

/** @param why  ends the message */
export function refuseImageOptions(options: DataOptions, why: string): void {
  for (const [name, flag] of Object.entries(OF_IMAGES)) {
    if (options[name as keyof typeof OF_IMAGES] !== undefined) {
      throw new InputError(`${flag} is for images, but ${why}: leave it out`);
    }
  }
}

/** How images become what a model takes: as the options say, and else its input. */
function imageOptions(model: OnnxModel, options: DataOptions): ImageOptions {
  const inputs = modelInputs(model);
  if (inputs.length !== 1) {
    const names = inputs.map((input) => input.name).join(", ") || "none";
    throw new InputError(`images are for a model with one input, this one has ${names}: give arrays of their names`);
  }
  const [{ name, dims }] = inputs;
  const shape = `"${name}"${dims ? ` [${dims.map((size) => size ?? "?").join(", ")}]` : ""}`;
  const told = imageDefaults(dims, options.layout);
  const { layout, channels } = told;
  if (!layout) throw new InputError(`input ${shape} does not tell the order of axes: give --layout NCHW or NHWC`);
  if (!channels) {
    throw new InputError(
      `expected an input of images with 1 or 3 channels, ${layout}, got ${shape}: give an array instead`,
    );
  }
  const { height, width } = options.imageSize ?? told;
  if (!height || !width) throw new InputError(`input ${shape} does not tell the size of images: give --image-size`);
  const { mean = [0], std = [1], fit = "cover" } = options;
  for (const [flag, values] of Object.entries({ "--mean": mean, "--std": std })) {
    if (values.length !== 1 && values.length !== channels) {
      throw new InputError(`expected 1 or ${channels} numbers for ${flag}, one for each channel, got ${values.length}`);
    }
  }
  return { height, width, channels, layout, mean, std, fit };
}
