/** Batch norm of a handful of numbers in one channel, step by step as the paper has it (Algorithm 1 and §3). */

const EPSILON = 1e-5;

export interface Settings {
  readonly gamma: number;
  readonly beta: number;
  /** false: the gradient takes mean and variance for given numbers, the mistake of §2 */
  readonly throughStatistics: boolean;
}

export interface Steps {
  readonly mean: number;
  readonly variance: number;
  /** x̂ */
  readonly normalized: readonly number[];
  readonly outputs: readonly number[];
  /** ½ Σ (y − target)² */
  readonly loss: number;
  /** ∂ℓ/∂y, ∂ℓ/∂x, ∂ℓ/∂γ, ∂ℓ/∂β */
  readonly outputGradients: readonly number[];
  readonly inputGradients: readonly number[];
  readonly gammaGradient: number;
  readonly betaGradient: number;
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/**
 * @param inputs   x, at least two
 * @param targets  what the loss wants y to be, one for each x
 */
export function normalize(inputs: readonly number[], targets: readonly number[], settings: Settings): Steps {
  const { gamma, beta, throughStatistics } = settings;
  const count = inputs.length;
  const mean = sum(inputs) / count;
  const variance = sum(inputs.map((x) => (x - mean) ** 2)) / count;
  const scale = 1 / Math.sqrt(variance + EPSILON);
  const normalized = inputs.map((x) => (x - mean) * scale);
  const outputs = normalized.map((x) => gamma * x + beta);
  const outputGradients = outputs.map((y, i) => y - targets[i]);
  const betaGradient = sum(outputGradients);
  const gammaGradient = sum(outputGradients.map((dy, i) => dy * normalized[i]));
  const back = (dy: number, i: number) =>
    throughStatistics ? dy - betaGradient / count - (normalized[i] * gammaGradient) / count : dy;
  return {
    mean,
    variance,
    normalized,
    outputs,
    loss: sum(outputGradients.map((dy) => (dy * dy) / 2)),
    outputGradients,
    inputGradients: outputGradients.map((dy, i) => gamma * scale * back(dy, i)),
    gammaGradient,
    betaGradient,
  };
}
