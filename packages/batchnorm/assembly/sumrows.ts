/** Sum of every column of x [rows, channels]: the gradient of a bias. Pieces in float32, their sums in float64. */
import { PIECE_ROWS } from "./limits.gen";
import { add, add2, f4, load4, round4, splat, store4, widenHigh, widenLow, zero2 } from "./simd";
import { SumRows } from "./structs.gen";

export function sumRows(args: SumRows, task: i32): void {
  const first = task * args.channelsPerTask;
  const end = min(first + args.channelsPerTask, args.channels);
  const stride = <usize>args.channels << 2;
  let c = first;
  for (; c + 4 <= end; c += 4) {
    let p = args.x + (<usize>c << 2);
    let low = zero2();
    let high = low;
    for (let r = 0; r < args.rows; r += PIECE_ROWS) {
      const piece = sumPiece(p, min(PIECE_ROWS, args.rows - r), stride);
      low = add2(low, widenLow(piece));
      high = add2(high, widenHigh(piece));
      p += <usize>PIECE_ROWS * stride;
    }
    store4(args.sum + (<usize>c << 2), round4(low, high));
  }
  for (; c < end; c++) {
    let p = args.x + (<usize>c << 2);
    let sum: f64 = 0;
    for (let r = 0; r < args.rows; r++, p += stride) sum += <f64>load<f32>(p);
    store<f32>(args.sum + (<usize>c << 2), <f32>sum);
  }
}

function sumPiece(p: usize, rows: i32, stride: usize): f4 {
  let sum = splat(0);
  let r = 0;
  // Four at a time are added up among themselves first: the sum then rounds less often.
  for (; r + 4 <= rows; r += 4) {
    const q = p + (stride << 1);
    sum = add(sum, add(add(load4(p), load4(p + stride)), add(load4(q), load4(q + stride))));
    p += stride << 2;
  }
  for (; r < rows; r++, p += stride) sum = add(sum, load4(p));
  return sum;
}
