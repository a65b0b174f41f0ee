import { check } from "../errors.ts";
import { formatShape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** Rows and classes of scores that have one label a row. */
function sizes(where: string, scores: Tensor, labels: ArrayLike<number>): [rows: number, classes: number] {
  const { shape } = scores;
  check(shape.length === 2 && shape[0] > 0 && shape[1] > 0, "E_SHAPE", where, () => {
    return `expected scores [N, classes] of at least one example, got shape ${formatShape(shape)}`;
  });
  check(labels.length === shape[0], "E_SHAPE", where, () => `expected ${shape[0]} labels, got ${labels.length}`);
  for (let r = 0; r < labels.length; r++) {
    check(Number.isInteger(labels[r]) && labels[r] >= 0 && labels[r] < shape[1], "E_LABEL", where, () => {
      return `expected labels from 0 to ${shape[1] - 1}, got ${labels[r]} at example ${r}`;
    });
  }
  return [shape[0], shape[1]];
}

/** How many classes of a row score above its label, or as much and come before it. A score of NaN beats no label. */
function rank(data: Float32Array, start: number, classes: number, label: number): number {
  const own = data[start + label];
  if (Number.isNaN(own)) return classes;
  let above = 0;
  for (let c = 0; c < classes; c++) {
    const score = data[start + c];
    if (score > own || (score === own && c < label)) above++;
  }
  return above;
}

/**
 * The share of examples whose label is among the k highest scores; of equal scores the first counts as higher.
 *
 * @param scores  logits or probabilities, [N, classes]
 * @param labels  N integers from 0 to classes − 1
 * @throws        BatchNormError E_SHAPE or E_LABEL when they do not fit
 */
export function accuracy(scores: Tensor, labels: ArrayLike<number>, k = 1): number {
  const [rows, classes] = sizes("accuracy", scores, labels);
  let correct = 0;
  for (let r = 0; r < rows; r++) if (rank(scores.data, r * classes, classes, labels[r]) < k) correct++;
  return correct / rows;
}

/**
 * How often each label was taken for each class: [classes][classes], labels down, predictions across.
 *
 * @throws BatchNormError E_SHAPE or E_LABEL as `accuracy` does
 */
export function confusionMatrix(scores: Tensor, labels: ArrayLike<number>): number[][] {
  const [rows, classes] = sizes("confusionMatrix", scores, labels);
  const counts = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (let r = 0; r < rows; r++) {
    let best = 0;
    for (let c = 1; c < classes; c++) if (scores.data[r * classes + c] > scores.data[r * classes + best]) best = c;
    counts[labels[r]][best]++;
  }
  return counts;
}
