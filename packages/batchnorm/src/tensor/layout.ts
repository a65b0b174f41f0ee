import { check } from "../errors.ts";
import { formatShape } from "./shape.ts";
import { checkTensor, Tensor } from "./tensor.ts";

/** Images as PyTorch keeps them, [N, C, H, W], with their channels last, [N, H, W, C]. A copy. */
export function channelsLast(x: Tensor): Tensor {
  const [n, c, h, w] = checkImages("channelsLast", x);
  return new Tensor(transposed(x.data, n, c, h * w), [n, h, w, c]);
}

/** Images with their channels last, [N, H, W, C], as PyTorch keeps them, [N, C, H, W]. A copy. */
export function channelsFirst(x: Tensor): Tensor {
  const [n, h, w, c] = checkImages("channelsFirst", x);
  return new Tensor(transposed(x.data, n, h * w, c), [n, c, h, w]);
}

/** Each of n matrices [rows, columns] transposed. */
function transposed(data: Float32Array, n: number, rows: number, columns: number): Float32Array {
  const result = new Float32Array(data.length);
  for (let i = 0; i < n; i++) {
    const from = i * rows * columns;
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++) result[from + c * rows + r] = data[from + r * columns + c];
    }
  }
  return result;
}

function checkImages(where: string, x: Tensor): readonly number[] {
  checkTensor(where, x);
  const { shape } = x;
  check(shape.length === 4, "E_SHAPE", where, () => `expected images of rank 4, got shape ${formatShape(shape)}`);
  return shape;
}
