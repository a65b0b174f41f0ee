/** The ends of axes: few and round, so that they seldom change while training. */

/** The last step that an axis of steps shows. */
export function lastStep(step: number): number {
  for (let power = 100; ; power *= 10) {
    for (const factor of [1, 2, 5]) if (step <= factor * power) return factor * power;
  }
}

const REACHES = [2, 5, 10, 20];

/** How far from 0 an axis goes that is to show these values; beyond the last it shows no more. */
export function reachOf(values: readonly number[]): number {
  const most = values.reduce((result, value) => Math.max(result, Math.abs(value)), 0);
  return REACHES.find((reach) => most <= reach) ?? REACHES[REACHES.length - 1];
}

/** Share of the way from one value to another. */
export function shareOf(value: number, from: number, to: number): number {
  return (value - from) / (to - from);
}
