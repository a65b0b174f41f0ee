/**
 * Ghost batch norm: groups of a batch's examples, each normalized by statistics of its own.
 *
 * @see Hoffer, Hubara & Soudry 2017, "Train longer, generalize better"
 */

/** How many examples each group has: `size`, and the last one those left over too, so that no group is smaller. */
export function groupSizes(examples: number, size: number): number[] {
  const groups = Math.max(1, Math.floor(examples / size));
  return Array.from({ length: groups }, (_, i) => (i < groups - 1 ? size : examples - (groups - 1) * size));
}

/** A group: how many values of a channel it has, and how many values of the tensor come before it. */
export interface Group {
  readonly examples: number;
  readonly offset: number;
}

/** @param each  values of an example */
export function groupsOf(examples: readonly number[], each: number): Group[] {
  let before = 0;
  return examples.map((count) => {
    const group = { examples: count, offset: before * each };
    before += count;
    return group;
  });
}
