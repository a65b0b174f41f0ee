/** The loss of a batch from those of its parts, and sums over several batches. */
import { Tally } from "./structs.gen";

export function tally(args: Tally, task: i32): void {
  let loss: f64 = 0;
  for (let i = 0; i < args.losses; i++) loss += load<f64>(args.loss + (<usize>i << 3));
  loss /= load<f64>(args.divisor);
  let correct: f64 = 0;
  if (args.correct) for (let r = 0; r < args.rows; r++) correct += <f64>load<i32>(args.correct + (<usize>r << 2));
  const result = args.result;
  store<f64>(result, loss);
  store<f64>(result, correct, 8);
  store<f64>(result, load<f64>(result, 16) + loss * load<f64>(args.weight), 16);
  store<f64>(result, load<f64>(result, 24) + correct, 24);
}
