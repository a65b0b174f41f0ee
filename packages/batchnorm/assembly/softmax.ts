/**
 * Softmax and cross-entropy of whole rows: the loss, its gradient, and whether the largest logit is the label's.
 */
import { exp4, log } from "./math";
import { scratch } from "./scratch";
import { add, load4, mul, splat, store4, sub, sumLanes } from "./simd";
import { SoftmaxCrossEntropy } from "./structs.gen";

/** Scratch holds one row, padded to a multiple of 4 with −∞: room for far more than the 32,768 classes that a loss takes. */
export function softmaxCrossEntropy(args: SoftmaxCrossEntropy, task: i32): void {
  const classes = args.classes;
  const bytes = <usize>classes << 2;
  const padded = (bytes + 15) & ~15;
  const first = task * args.rowsPerTask;
  const end = min(first + args.rowsPerTask, args.rows);
  const scale = load<f32>(args.gradScale);
  for (let r = first; r < end; r++) {
    const row = args.logits + <usize>r * bytes;
    const grad = args.grad + <usize>r * bytes;
    const label = load<i32>(args.labels + (<usize>r << 2));
    for (let i = bytes; i < padded; i += 4) store<f32>(scratch + i, -Infinity);
    memory.copy(scratch, row, bytes);

    let best = load<f32>(row);
    let bestAt = 0;
    // With a NaN among them the logits name no class; with an infinite one they do, though the loss is NaN.
    let named = best == best;
    for (let c = 1; c < classes; c++) {
      const v = load<f32>(row + (<usize>c << 2));
      if (v > best) {
        best = v;
        bestAt = c;
      } else if (v != v) named = false;
    }
    let sums = splat(0);
    for (let i: usize = 0; i < padded; i += 16) {
      const e = exp4(sub(load4(scratch + i), splat(best)));
      store4(scratch + i, e);
      sums = add(sums, e);
    }
    const sum = sumLanes(sums);
    const weight = splat(<f32>(<f64>scale / sum));
    for (let i: usize = 0; i < padded; i += 16) store4(scratch + i, mul(load4(scratch + i), weight));
    memory.copy(grad, scratch, bytes);
    const at = grad + (<usize>label << 2);
    store<f32>(at, load<f32>(at) - scale);

    const target = <f64>load<f32>(row + (<usize>label << 2));
    store<f64>(args.loss + (<usize>r << 3), log(sum) - (target - <f64>best));
    store<i32>(args.correct + (<usize>r << 2), bestAt == label && named ? 1 : 0);
  }
}
