/**
 * The values below which the given shares of a sample lie, interpolated between neighbours.
 *
 * @param sample  at least one finite value; not changed
 * @param shares  each 0 to 1
 */
export function percentiles(sample: Float32Array, shares: readonly number[]): number[] {
  if (sample.length === 0) throw new RangeError("percentiles: expected at least one value, got none");
  const sorted = Float32Array.from(sample).sort();
  return shares.map((share) => {
    const position = share * (sorted.length - 1);
    const low = sorted[Math.floor(position)];
    const high = sorted[Math.ceil(position)];
    return low + (high - low) * (position - Math.floor(position));
  });
}
