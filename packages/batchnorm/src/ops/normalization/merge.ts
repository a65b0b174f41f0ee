/** Count, mean and M2 = Σ(x − mean)² of every channel: what batches, chunks, threads and processes merge. */
export interface MergedMoments {
  count: number;
  mean: Float64Array;
  m2: Float64Array;
}

/**
 * The moments of two sets become those of their union, in `into` (Chan, Golub & LeVeque 1983).
 * The second set's mean and M2 are `channels` values each, at the indices `mean` and `m2` of `values`.
 * Where the means agree exactly, so does the result: a constant channel keeps its value and M2 = 0.
 */
export function mergeMoments(
  into: MergedMoments,
  count: number,
  values: Float64Array,
  mean: number,
  m2: number,
  channels: number,
): void {
  const total = into.count + count;
  const weight = total ? count / total : 0;
  const cross = into.count * weight;
  const means = into.mean;
  const m2s = into.m2;
  for (let c = 0; c < channels; c++) {
    const before = means[c];
    const delta = values[mean + c] - before;
    means[c] = before + delta * weight;
    m2s[c] += values[m2 + c] + delta * delta * cross;
  }
  into.count = total;
}
