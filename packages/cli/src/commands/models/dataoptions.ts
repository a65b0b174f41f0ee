import { InvalidArgumentError, Option } from "commander";
import type { ImageOptions } from "../../inputs/images.ts";
import { FITS, LAYOUTS } from "../../inputs/names.ts";
import { count } from "../values.ts";

/** Data for a model's inputs, as the command line has it; what is not given is not there. */
export interface DataOptions {
  readonly data?: string;
  readonly imageSize?: { readonly height: number; readonly width: number };
  readonly layout?: ImageOptions["layout"];
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
  readonly fit?: ImageOptions["fit"];
}

/**
 * The options of DataOptions, as they stand in `--help`.
 *
 * @param use  what the command does with the data
 */
export function dataOptions(use: string): Option[] {
  return [
    new Option(
      "--data <path>",
      `${use}: .npy, .npz, .safetensors, an image (PNG, JPEG, WebP), or a folder of images or of .npy files; the first axis of an array is that of samples, arrays go to the inputs of their names`,
    ),
    new Option("--image-size <HxW>", "size that images get, such as 224x224 (default: the model's)").argParser(
      imageSize,
    ),
    new Option("--layout <axes>", "order of axes of images (default: the model's)").choices(LAYOUTS),
    new Option(
      "--mean <numbers>",
      "subtracted from pixels from 0 to 1: a number, or one for each channel, such as 0.485,0.456,0.406 (default: 0)",
    ).argParser(numbers),
    new Option(
      "--std <numbers>",
      "what pixels are divided by then: a number, or one for each channel, such as 0.229,0.224,0.225 (default: 1)",
    ).argParser(deviations),
    new Option(
      "--fit <how>",
      "images of another shape: cover crops to the centre, contain adds black, fill stretches (default: cover)",
    ).choices(FITS),
  ];
}

/** "224x224": height and width. */
function imageSize(text: string): { height: number; width: number } {
  const sizes = text.split("x");
  if (sizes.length !== 2) throw new InvalidArgumentError("Expected height and width, such as 224x224.");
  const [height, width] = sizes.map(count);
  return { height, width };
}

/** "0.5" or "0.485,0.456,0.406". */
function numbers(text: string): number[] {
  const values = text.split(",").map((each) => (each.trim() === "" ? Number.NaN : Number(each)));
  if (!values.every(Number.isFinite)) {
    throw new InvalidArgumentError("Expected a number, or one for each channel, such as 0.485,0.456,0.406.");
  }
  return values;
}

function deviations(text: string): number[] {
  const values = numbers(text);
  if (!values.every((value) => value > 0)) throw new InvalidArgumentError("Expected numbers above 0.");
  return values;
}
