/** What a glance at an array should tell. */
export interface Summary {
  readonly count: number;
  /** Of the finite values; NaN where there are none. */
  readonly min: number;
  readonly median: number;
  readonly mean: number;
  readonly max: number;
  readonly notFinite: number;
}

export function summarize(values: ArrayLike<number>): Summary {
  const finite = Array.from(values)
    .filter(Number.isFinite)
    .sort((a, b) => a - b);
  const at = (share: number) => finite[Math.floor(share * (finite.length - 1))] ?? Number.NaN;
  const middle = (at(0.5) + (finite[Math.ceil(0.5 * (finite.length - 1))] ?? Number.NaN)) / 2;
  const mean = finite.reduce((sum, v) => sum + v, 0) / finite.length;
  const notFinite = values.length - finite.length;
  return { count: values.length, min: at(0), median: middle, mean, max: at(1), notFinite };
}
