/** What makes batches from a data set. */
import type { Family, Numbers } from "./row.ts";

const rest = {
  indices: "i32* [rows]",
  to: "f32* [rows, width]",
  rows: "i32",
  width: "i32",
  rowsPerTask: "i32",
  scale: "f32: of bytes; floats are copied as they are",
} as const;

const bytesOf =
  (size: number) =>
  ({ rows, width }: Numbers) =>
    (4 + size) * rows * width;

export const gather = {
  gatherBytes: {
    struct: "Gather",
    args: { from: "u8* [items, width]", ...rest },
    writes: { to: (most) => 1e-7 * most },
    bytes: bytesOf(1),
  },
  gatherFloats: {
    struct: "Gather",
    args: { from: "f32* [items, width]", ...rest },
    writes: { to: (most) => 1e-7 * most },
    bytes: bytesOf(4),
  },
  gatherImages: {
    struct: "GatherImages",
    args: {
      from: "u8* [items, h, w, channels]",
      places: "i32* [rows, 4]: item, the image's row and column that come first (may lie outside), 1 to mirror",
      to: "f32* [rows, h, w, channels]: byte·scale + shift",
      scale: "f32* [channels]",
      shift: "f32* [channels]",
      rows: "i32",
      h: "i32",
      w: "i32",
      channels: "i32",
      rowsPerTask: "i32",
    },
    writes: { to: (most) => 1e-6 * most },
    bytes: ({ rows, h, w, channels }) => 5 * rows * h * w * channels,
  },
} as const satisfies Family;
