/** The best test accuracy of a run, 0 to 1, and the first step at which it was measured. */
export interface Best {
  readonly accuracy: number;
  readonly step: number;
}

/** A run as far as it was measured on the test images. */
export interface Tested {
  readonly points: readonly { readonly step: number; readonly accuracy: { readonly test?: number } }[];
}

/** Every measurement, in the order of the steps. */
export function accuracies({ points }: Tested): Best[] {
  return points.flatMap(({ step, accuracy }) =>
    accuracy.test === undefined ? [] : [{ step, accuracy: accuracy.test }],
  );
}

/** The best of a run that was measured at least once. */
export function best(run: Tested): Best {
  return accuracies(run).reduce((top, point) => (point.accuracy > top.accuracy ? point : top));
}

/** Steps after which a run was first measured to be so accurate; null when it never was. */
export function stepsTo(run: Tested, accuracy: number): number | null {
  return accuracies(run).find((point) => point.accuracy >= accuracy)?.step ?? null;
}
