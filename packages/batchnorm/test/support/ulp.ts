/** How far a float32 result is from the true value, in units in the last place of the true value. */
export function ulps(got: number, exact: number): number {
  if (got === exact) return 0;
  const exponent = Math.max(Math.floor(Math.log2(Math.abs(exact))), -126);
  return Math.abs(got - exact) / 2 ** (exponent - 23);
}

/** The largest such distance over many values, and where. */
export function worst(x: Float32Array, got: Float32Array, exact: (x: number) => number): { ulps: number; at: number } {
  const most = { ulps: 0, at: Number.NaN };
  x.forEach((v, i) => {
    const distance = ulps(got[i], exact(v));
    if (!(distance <= most.ulps)) Object.assign(most, { ulps: distance, at: v });
  });
  return most;
}
