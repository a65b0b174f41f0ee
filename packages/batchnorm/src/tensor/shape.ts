import { check } from "../errors.ts";
import { nameOf } from "./arrays.ts";

/** How many values a tensor of this shape holds; 1 for the empty shape. */
export function sizeOf(shape: readonly number[]): number {
  let size = 1;
  for (const n of shape) size *= n;
  return size;
}

export function formatShape(shape: readonly number[]): string {
  return `[${shape.map((n) => (typeof n === "number" ? n : nameOf(n))).join(", ")}]`;
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((n, i) => n === b[i]);
}

/** @throws BatchNormError E_SHAPE unless every dimension is a non-negative integer */
export function checkShape(shape: readonly number[], where: string): void {
  const good = Array.isArray(shape) && shape.every((n) => Number.isSafeInteger(n) && n >= 0);
  check(good, "E_SHAPE", where, () => {
    const got = Array.isArray(shape) ? formatShape(shape) : nameOf(shape);
    return `expected a shape of non-negative integers, got ${got}`;
  });
}
