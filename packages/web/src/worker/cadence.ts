/** From each number of steps on, how many steps lie between two measurements: many where much happens. */
const CADENCE = [
  [0, 10],
  [200, 20],
  [1_000, 100],
  [4_000, 200],
] as const;

/** The number of steps at which to measure next. A function of steps alone, so that a run can be repeated exactly. */
export function nextMeasurement(step: number): number {
  const [, every] = CADENCE.findLast(([from]) => step >= from) ?? CADENCE[0];
  return (Math.floor(step / every) + 1) * every;
}
