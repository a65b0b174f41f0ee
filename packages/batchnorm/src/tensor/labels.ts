import { check } from "../errors.ts";
import { nameOf } from "./arrays.ts";

/** A class for each example, as people have them: integers in any kind of array, of 64 bits too. */
export type Labels = ArrayLike<number> | ArrayLike<bigint>;

/**
 * Labels as integers of 32 bits; an Int32Array as it is, not copied.
 *
 * @param classes  labels are integers from 0 to one less; left out, any integers
 * @throws         BatchNormError E_LABEL for one that is not, with its place; for what is no array
 */
export function integersOf(where: string, labels: Labels, classes?: number): Int32Array {
  const good = typeof labels === "object" && Number.isSafeInteger(labels?.length);
  check(good, "E_LABEL", where, () => `expected an array of labels, got ${nameOf(labels)}`);
  const [least, most] = classes === undefined ? [-(2 ** 31), 2 ** 31 - 1] : [0, classes - 1];
  const integers = labels instanceof Int32Array ? labels : new Int32Array(labels.length);
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i];
    const value = typeof label === "bigint" ? Number(label) : label;
    check(Number.isInteger(value) && value >= least && value <= most, "E_LABEL", where, () => {
      const wanted = classes === undefined ? "integers as labels" : `labels from 0 to ${most}`;
      return `expected ${wanted}, got ${label} at example ${i}`;
    });
    integers[i] = value;
  }
  return integers;
}
