import { check } from "../errors.ts";
import { formatShape } from "../tensor/shape.ts";

/** Of rows, of columns. */
export type Pair = readonly [number, number];

/** @throws BatchNormError E_VALUE unless it is one or two integers of at least `least` */
export function pair(where: string, name: string, value: number | Pair, least: number): Pair {
  const both: Pair = typeof value === "number" ? [value, value] : value;
  const good = Array.isArray(both) && both.length === 2 && both.every((n) => Number.isInteger(n) && n >= least);
  check(good, "E_VALUE", where, () => `expected ${name} of integers from ${least}, got ${JSON.stringify(value)}`);
  return both;
}

/** Rows and columns left when a window goes over an image. @throws BatchNormError E_SHAPE when there are none */
export function windowedSize(where: string, size: Pair, kernel: Pair, stride: Pair, padding: Pair): Pair {
  const along = (i: 0 | 1) => Math.floor((size[i] + 2 * padding[i] - kernel[i]) / stride[i]) + 1;
  const [rows, columns] = [along(0), along(1)];
  check(rows > 0 && columns > 0, "E_SHAPE", where, () => {
    const image = `an image of ${formatShape(size)} with padding ${formatShape(padding)}`;
    return `expected ${image} to be at least as large as the kernel ${formatShape(kernel)}`;
  });
  return [rows, columns];
}
