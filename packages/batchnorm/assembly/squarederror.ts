/** Mean squared error: each value's squared distance from its target, summed by task, and the gradient. */
import { PIECE_VALUES } from "./limits.gen";
import { scratch } from "./scratch";
import { load4, madd, mul, splat, store4, sub, sumLanes } from "./simd";
import { SquaredError } from "./structs.gen";

export function squaredError(args: SquaredError, task: i32): void {
  const from = <usize>(task * args.perTask) << 2;
  const end = min(from + (<usize>args.perTask << 2), <usize>args.count << 2);
  const scale = splat(2 * load<f32>(args.gradScale));
  let at = from;
  let sum: f64 = 0;
  while (at + 16 <= end) {
    const stop = min(at + (PIECE_VALUES << 2), end - 15);
    let part = splat(0);
    for (; at < stop; at += 16) {
      const d = sub(load4(args.y + at), load4(args.target + at));
      part = madd(d, d, part);
      store4(args.grad + at, mul(d, scale));
    }
    sum += sumLanes(part);
  }
  if (at < end) {
    store4(scratch, splat(0));
    store4(scratch, splat(0), 16);
    memory.copy(scratch, args.y + at, end - at);
    memory.copy(scratch + 16, args.target + at, end - at);
    const d = sub(load4(scratch), load4(scratch, 16));
    sum += sumLanes(mul(d, d));
    store4(scratch, mul(d, scale));
    memory.copy(args.grad + at, scratch, end - at);
  }
  store<f64>(args.loss + (<usize>task << 3), sum);
}
