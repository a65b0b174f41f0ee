import { check } from "../errors.ts";

/** How many values a tensor of this shape holds; 1 for the empty shape. */
export function sizeOf(shape: readonly number[]): number {
  let size = 1;
  for (const n of shape) size *= n;
  return size;
}

export function formatShape(shape: readonly number[]): string {
  return `[${shape.join(", ")}]`;
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((n, i) => n === b[i]);
}

/** @throws BatchNormError E_SHAPE unless every dimension is a non-negative integer */
export function checkShape(shape: readonly number[], where: string): void {
  const good = Array.isArray(shape) && shape.every((n) => Number.isSafeInteger(n) && n >= 0);
  check(good, "E_SHAPE", where, () => `expected a shape of non-negative integers, got ${JSON.stringify(shape)}`);
}
