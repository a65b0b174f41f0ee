/** The values that a strip shows: from −REACH to REACH. */
export const REACH = 8;
export const BINS = 64;

/** How the inputs of a layer are distributed. */
export interface Spread {
  /** [BINS] shares of all values, from −REACH to REACH */
  readonly shares: Float32Array;
  /** share of values beyond ±REACH */
  readonly beyond: number;
  readonly mean: number;
  readonly deviation: number;
}

export function spreadOf(values: Float32Array): Spread {
  const shares = new Float32Array(BINS);
  const each = 1 / values.length;
  let sum = 0;
  let squares = 0;
  let beyond = 0;
  for (const value of values) {
    sum += value;
    squares += value * value;
    const bin = Math.floor(((value + REACH) / (2 * REACH)) * BINS);
    if (bin >= 0 && bin < BINS) shares[bin] += each;
    else beyond += each;
  }
  const mean = sum * each;
  return { shares, beyond, mean, deviation: Math.sqrt(Math.max(squares * each - mean * mean, 0)) };
}

/** The 15th, 50th and 85th percentile; sorts the values. */
export function percentilesOf(values: Float32Array): [number, number, number] {
  values.sort();
  const at = (share: number) => values[Math.round(share * (values.length - 1))];
  return [at(0.15), at(0.5), at(0.85)];
}
