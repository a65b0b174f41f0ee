/** Rows of a data set, in any order, side by side as a batch. */
import { bytesToFloats, splat } from "./simd";

@unmanaged
export class Gather {
  from: usize = 0; // u8 or f32 [items, width]
  indices: usize = 0; // i32 [rows]
  to: usize = 0; // f32 [rows, width]
  rows: i32 = 0;
  width: i32 = 0;
  rowsPerTask: i32 = 0;
  scale: f32 = 0; // of bytes; floats are copied as they are
}

export function gatherBytes(args: Gather, task: i32): void {
  const first = task * args.rowsPerTask;
  const end = min(first + args.rowsPerTask, args.rows);
  const width = <usize>args.width;
  const scale = splat(args.scale);
  for (let r = first; r < end; r++) {
    let p = args.from + <usize>load<i32>(args.indices + (<usize>r << 2)) * width;
    let q = args.to + <usize>r * (width << 2);
    const stop = p + width;
    for (; p + 16 <= stop; p += 16, q += 64) bytesToFloats(p, q, scale);
    for (; p < stop; p++, q += 4) store<f32>(q, <f32>load<u8>(p) * args.scale);
  }
}

export function gatherFloats(args: Gather, task: i32): void {
  const first = task * args.rowsPerTask;
  const end = min(first + args.rowsPerTask, args.rows);
  const bytes = <usize>args.width << 2;
  for (let r = first; r < end; r++) {
    const item = <usize>load<i32>(args.indices + (<usize>r << 2));
    memory.copy(args.to + <usize>r * bytes, args.from + item * bytes, bytes);
  }
}
