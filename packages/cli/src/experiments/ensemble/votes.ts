/** How accurate so many networks are together, over all ways to choose them. */
export interface Vote {
  readonly networks: number;
  /** ways to choose them */
  readonly choices: number;
  /** accuracies, 0 to 1 */
  readonly mean: number;
  readonly lowest: number;
  readonly highest: number;
}

/**
 * Averages the class probabilities of every choice of networks, and takes the class with the highest.
 *
 * @param predictions  of each network: [images, classes]
 * @param labels       [images]
 */
export function votes(predictions: readonly Float32Array[], labels: Uint8Array): Vote[] {
  const accuracies = predictions.map((): number[] => []);
  for (let choice = 1; choice < 2 ** predictions.length; choice++) {
    const chosen = predictions.filter((_, network) => choice & (2 ** network));
    accuracies[chosen.length - 1].push(accuracyOf(chosen, labels));
  }
  return accuracies.map((values, index) => ({
    networks: index + 1,
    choices: values.length,
    mean: values.reduce((sum, value) => sum + value, 0) / values.length,
    lowest: Math.min(...values),
    highest: Math.max(...values),
  }));
}

/** The sum decides as the mean does; of equals the first class is taken. */
function accuracyOf(predictions: readonly Float32Array[], labels: Uint8Array): number {
  const classes = predictions[0].length / labels.length;
  const sum = (at: number) => predictions.reduce((total, values) => total + values[at], 0);
  let correct = 0;
  for (let image = 0; image < labels.length; image++) {
    const sums = Array.from({ length: classes }, (_, label) => sum(image * classes + label));
    if (sums.indexOf(Math.max(...sums)) === labels[image]) correct++;
  }
  return correct / labels.length;
}
