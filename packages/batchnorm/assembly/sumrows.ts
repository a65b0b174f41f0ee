/** Sum of every column of x [rows, channels]: the gradient of a bias. Pieces in float32, their sums in float64. */
import { PIECE_ROWS } from "./limits.gen";
import { scratch } from "./scratch";
import { add, add2, f4, load4, splat, store4, widen } from "./simd";
import { SumRows } from "./structs.gen";

export function sumRows(args: SumRows, task: i32): void {
  const first = task * args.channelsPerTask;
  const end = min(first + args.channelsPerTask, args.channels);
  const stride = <usize>args.channels << 2;
  let c = first;
  for (; c + 4 <= end; c += 4) {
    let p = args.x + (<usize>c << 2);
    store4(scratch, splat(0));
    store4(scratch, splat(0), 16);
    for (let r = 0; r < args.rows; r += PIECE_ROWS) {
      const piece = sumPiece(p, min(PIECE_ROWS, args.rows - r), stride);
      store4(scratch, piece, 32);
      store4(scratch, add2(load4(scratch), widen(scratch, 32)));
      store4(scratch, add2(load4(scratch, 16), widen(scratch, 40)), 16);
      p += <usize>PIECE_ROWS * stride;
    }
    for (let i: usize = 0; i < 4; i++) {
      store<f32>(args.sum + ((<usize>c + i) << 2), <f32>load<f64>(scratch + (i << 3)));
    }
  }
  for (; c < end; c++) {
    let p = args.x + (<usize>c << 2);
    let sum: f64 = 0;
    for (let r = 0; r < args.rows; r++, p += stride) sum += <f64>load<f32>(p);
    store<f32>(args.sum + (<usize>c << 2), <f32>sum);
  }
}

function sumPiece(p: usize, rows: i32, stride: usize): f4 {
  let s0 = splat(0);
  let s1 = splat(0);
  let r = 0;
  for (; r + 2 <= rows; r += 2) {
    s0 = add(s0, load4(p));
    s1 = add(s1, load4(p + stride));
    p += stride << 1;
  }
  return add(r < rows ? add(s0, load4(p)) : s0, s1);
}
