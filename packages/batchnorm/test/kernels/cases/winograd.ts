/** Winograd's kernels. A value that is not finite spoils its whole tile there: see docs/kernels.md. */
import { normals } from "../../support/data.ts";
import type { KernelSpec, Numbers } from "../../support/kernel.ts";
import { floats, labelled, tasksFor } from "./sizes.ts";

/** [n, h, w, ci, co, padding, tiles in a segment]: sizes that tiles fit and that they do not. */
const SHAPES = [
  [1, 4, 4, 4, 8, 1, 1],
  [2, 8, 8, 16, 16, 1, 2],
  [1, 9, 7, 8, 24, 1, 1],
  [3, 5, 13, 16, 8, 0, 2],
  [1, 6, 33, 24, 16, 2, 3],
  [1, 3, 3, 64, 72, 1, 1],
  [2, 8, 8, 16, 16, 1, 1],
  [1, 12, 12, 4, 8, 1, 3],
  [2, 6, 9, 32, 8, 1, 2],
  [1, 17, 5, 8, 8, 0, 1],
  [4, 4, 8, 12, 16, 2, 2],
] as const;

function* shapes(): Generator<{ sizes: Numbers; tasks: number; seed: number }> {
  for (const [seed, [n, h, w, ci, co, padding, segmentTiles]] of SHAPES.entries()) {
    const [oh, ow] = [h + 2 * padding - 2, w + 2 * padding - 2];
    const segments = n * Math.ceil(oh / 4) * Math.ceil(Math.ceil(ow / 4) / segmentTiles);
    const segmentsPerTask = Math.ceil(segments / 3);
    const pads = { padTop: padding, padLeft: padding };
    const sizes = { n, h, w, ci, oh, ow, co, ...pads, segmentTiles, segmentsPerTask };
    yield { sizes, tasks: tasksFor(segments, segmentsPerTask), seed };
  }
}

export const winograd: KernelSpec = {
  inputs: [],
  apart: ["x", "weight", "bias"],
  *cases() {
    for (const { sizes, tasks, seed } of shapes()) {
      const { n, h, w, ci, oh, ow, co } = sizes;
      const weight = normals(seed + 10, 36 * (ci * co + 16));
      const floor = seed % 3 ? Number.NEGATIVE_INFINITY : 0;
      const bias = seed % 2 ? normals(seed + 40, co) : null;
      const args = { x: normals(seed, n * h * w * ci), weight, y: floats(n * oh * ow * co), bias, ...sizes, floor };
      yield labelled(args, tasks);
    }
  },
  reaches: () => true,
};

export const winogradGradWeight: KernelSpec = {
  inputs: [],
  apart: ["x", "dy"],
  *cases() {
    for (const { sizes, tasks, seed } of shapes()) {
      const { n, h, w, ci, oh, ow, co, ...rest } = sizes;
      const room = { products: new Float32Array(tasks * 36 * (ci * co + 16)), sums: floats(tasks * 9 * ci * co) };
      const values = { x: normals(seed + 20, n * h * w * ci), dy: normals(seed + 30, n * oh * ow * co) };
      yield labelled({ ...values, ...room, n, h, w, ci, oh, ow, co, ...rest }, tasks);
    }
  },
  reaches: () => true,
};

export const winogradWeights: KernelSpec = {
  inputs: [],
  apart: ["weight"],
  *cases() {
    for (const [co, ci] of [
      [8, 8],
      [16, 24],
      [32, 16],
      [8, 40],
      [40, 8],
      [16, 16],
    ]) {
      for (const turn of [0, 1]) {
        const weight = normals(co + ci, co * ci * 9);
        // Between the 36 planes there is a gap that nobody writes.
        const panels = new Float32Array(36 * (co * ci + 16));
        yield labelled({ weight, panels, co, ci, turn }, (turn ? ci : co) / 4);
      }
    }
  },
  reaches: () => true,
};
