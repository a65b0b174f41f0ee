import type { Site } from "../../plan/site.ts";
import { direct } from "./direct.ts";
import type { ConvShape, Way } from "./way.ts";
import { winograd, winogradTakes } from "./winograd.ts";

export { convFits } from "./direct.ts";
export type { ConvShape } from "./way.ts";

/** The fastest way for the shape, unless convolutions are to be accurate. */
export function wayFor(site: Site, shape: ConvShape): Way {
  return site.convolution === "fast" && winogradTakes(shape, site.limits.panel) ? winograd : direct;
}
