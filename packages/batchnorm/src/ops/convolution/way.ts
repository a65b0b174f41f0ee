/**
 * Convolution of NHWC tensors: y = x ∗ W + b, with W [co, ci / groups, kh, kw] as PyTorch keeps it.
 * Backward: dx is the convolution of dy by W turned and transposed, dW the sum over pixels of x under the kernel times dy,
 * db = Σ dy.
 */
import type { Place } from "../../device/device.ts";
import type { Site } from "../../plan/site.ts";

/** Sizes of a convolution; channels are of all groups together. */
export interface ConvShape {
  n: number;
  h: number;
  w: number;
  ci: number;
  oh: number;
  ow: number;
  co: number;
  kh: number;
  kw: number;
  stride: number;
  padding: readonly [number, number];
  groups: number;
}

export interface ConvPlaces {
  x: Place; // f32 [n, h, w, ci]
  y: Place; // f32 [n, oh, ow, co]
  weight: Place; // f32 [co, ci / groups, kh, kw]
  bias: Place | null; // f32 [co]
}

export interface ConvGradients {
  dy: Place; // f32, as y
  dweight: Place | null; // f32, as weight; null: not wanted
  dbias: Place | null; // f32 [co]; null: not wanted
}

/** One algorithm. */
export interface Way {
  /** @param floor  what is below becomes it */
  forward(site: Site, shape: ConvShape, places: ConvPlaces, floor: number): void;
  gradWeight(site: Site, shape: ConvShape, places: ConvPlaces, gradients: ConvGradients): void;
  /** @param dx f32, as x */
  gradInput(site: Site, shape: ConvShape, weight: Place, dy: Place, dx: Place): void;
}
