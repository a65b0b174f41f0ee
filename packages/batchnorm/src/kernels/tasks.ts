/** How work is cut into tasks. */

/**
 * Work is cut into tasks by its size alone, so that results have the same bits on any number of threads:
 * `unit` at a time (rows in multiples of 128, say), about `grain` values in a task, at most 64 tasks.
 */
export function perTask(count: number, valuesEach: number, unit: number, grain = 32768): number {
  const wanted = Math.max(grain / valuesEach, count / 64);
  return Math.max(unit, Math.ceil(wanted / unit) * unit);
}

/** How many tasks of `each` cover `count`. */
export function tasksOf(count: number, each: number): number {
  return Math.max(1, Math.ceil(count / each));
}
