/** Sums and pieces of tensors: what residual blocks and branches side by side need. */
import { add, load4, store4 } from "./simd";

@unmanaged
export class Add {
  a: usize = 0; // f32 [count]
  b: usize = 0; // f32 [count]
  sum: usize = 0; // f32 [count]; may be a or b
  count: i32 = 0;
  perTask: i32 = 0; // a multiple of 4
}

/** sum = a + b */
export function addition(args: Add, task: i32): void {
  let at = <usize>(task * args.perTask) << 2;
  const end = min(at + (<usize>args.perTask << 2), <usize>args.count << 2);
  for (; at + 16 <= end; at += 16) store4(args.sum + at, add(load4(args.a + at), load4(args.b + at)));
  for (; at < end; at += 4) store<f32>(args.sum + at, load<f32>(args.a + at) + load<f32>(args.b + at));
}

@unmanaged
export class CopyColumns {
  from: usize = 0; // f32 [rows, fromWidth]; the first column to copy is at this address
  to: usize = 0; // f32 [rows, toWidth]; the first column to write is at this address
  rows: i32 = 0;
  columns: i32 = 0;
  fromWidth: i32 = 0;
  toWidth: i32 = 0;
  rowsPerTask: i32 = 0;
}

/** Some columns of one matrix become some columns of another. */
export function copyColumns(args: CopyColumns, task: i32): void {
  const first = task * args.rowsPerTask;
  const end = min(first + args.rowsPerTask, args.rows);
  const bytes = <usize>args.columns << 2;
  for (let r = first; r < end; r++) {
    memory.copy(args.to + (<usize>(r * args.toWidth) << 2), args.from + (<usize>(r * args.fromWidth) << 2), bytes);
  }
}
