import { check } from "../../errors.ts";
import { formatShape } from "../../tensor/shape.ts";

/**
 * Every layout as (outer, channels, inner): [N, C] is (N, C, 1), NHWC is (N·H·W, C, 1), NCHW is (N, C, H·W).
 * Kernels come in two forms for it: rows, where inner is 1, and planes.
 */
export interface Layout {
  outer: number;
  channels: number;
  inner: number;
}

/**
 * @param axis where the channels are; negative counts from the end
 * @throws BatchNormError E_SHAPE for a rank below 2, an axis that is not there, or another number of channels
 */
export function layoutOf(shape: readonly number[], axis: number, channels: number, where: string): Layout {
  const rank = shape.length;
  check(rank >= 2, "E_SHAPE", where, () => `expected at least 2 dimensions, got shape ${formatShape(shape)}`);
  const at = axis < 0 ? rank + axis : axis;
  check(Number.isInteger(at) && at >= 0 && at < rank, "E_SHAPE", where, () => {
    return `expected a channel axis from ${-rank} to ${rank - 1} for shape ${formatShape(shape)}, got ${axis}`;
  });
  check(shape[at] === channels, "E_SHAPE", where, () => {
    return `expected ${channels} channels on axis ${at} of shape ${formatShape(shape)}, got ${shape[at]}`;
  });
  const product = (from: number, to: number) => shape.slice(from, to).reduce((a, b) => a * b, 1);
  return { outer: product(0, at), channels, inner: product(at + 1, rank) };
}

/** A single channel lies in one piece whatever the shape: as a plane, it is read along its length. */
export function simplify({ outer, channels, inner }: Layout): Layout {
  return channels === 1 ? { outer: 1, channels, inner: outer * inner } : { outer, channels, inner };
}
