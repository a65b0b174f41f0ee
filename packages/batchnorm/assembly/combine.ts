/** Sums and pieces of tensors: what residual blocks and branches side by side need. */
import { add, greater, lane0, load4, loadOne, splat, store4 } from "./simd";
import { Add, CopyColumns } from "./structs.gen";

/** sum = max(a + b, floor); with 0 as the floor a ReLU comes with it. */
export function addition(args: Add, task: i32): void {
  let at = <usize>(task * args.perTask) << 2;
  const end = min(at + (<usize>args.perTask << 2), <usize>args.count << 2);
  const floor = splat(args.floor);
  for (; at + 16 <= end; at += 16) store4(args.sum + at, greater(add(load4(args.a + at), load4(args.b + at)), floor));
  for (; at < end; at += 4) {
    store<f32>(args.sum + at, lane0(greater(add(loadOne(args.a + at), loadOne(args.b + at)), floor)));
  }
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
