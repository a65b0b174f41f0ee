/** Sums and pieces of tensors: what residual blocks and branches side by side need. */
import { above, add, greater, keep, lane0, load4, loadOne, splat, store4 } from "./simd";
import { Add, AddGrad, CopyColumns } from "./structs.gen";

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

export function additionGrad(args: AddGrad, task: i32): void {
  let at = <usize>(task * args.perTask) << 2;
  const end = min(at + (<usize>args.perTask << 2), <usize>args.count << 2);
  const start = at;
  if (args.y) {
    for (; at + 16 <= end; at += 16) {
      store4(args.dy + at, keep(load4(args.dy + at), above(load4(args.y + at), splat(0))));
    }
    for (; at < end; at += 4) if (!(load<f32>(args.y + at) > 0)) store<f32>(args.dy + at, 0);
  }
  if (args.copy) memory.copy(args.copy + start, args.dy + start, end - start);
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
