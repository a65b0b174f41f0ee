import type { Convolution } from "../../plan/site.ts";
import { direct } from "./direct.ts";
import type { ConvShape, Way } from "./way.ts";
import { winograd, winogradTakes } from "./winograd.ts";

export { convFits } from "./direct.ts";
export type { ConvShape } from "./way.ts";

/** The fastest way for the shape, unless convolutions are to be accurate. */
export function wayFor(shape: ConvShape, convolution: Convolution): Way {
  return convolution === "fast" && winogradTakes(shape) ? winograd : direct;
}
