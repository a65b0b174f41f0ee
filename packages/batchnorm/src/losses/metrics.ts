import { check } from "../errors.ts";
import { integersOf, type Labels } from "../tensor/labels.ts";
import { formatShape } from "../tensor/shape.ts";
import { checkTensor, type Tensor } from "../tensor/tensor.ts";

/** Rows and classes of scores, and one label a row. */
function checked(where: string, scores: Tensor, given: Labels): { rows: number; classes: number; labels: Int32Array } {
  checkTensor(where, scores);
  const { shape } = scores;
  check(shape.length === 2 && shape[0] > 0 && shape[1] > 0, "E_SHAPE", where, () => {
    return `expected scores [N, classes] of at least one example, got shape ${formatShape(shape)}`;
  });
  const [rows, classes] = shape;
  const labels = integersOf(where, given, classes);
  check(labels.length === rows, "E_SHAPE", where, () => `expected ${rows} labels, got ${labels.length}`);
  return { rows, classes, labels };
}

/** How many classes of a row score above its label, or as much and come before it; all, where one of the scores is NaN. */
function rank(data: Float32Array, start: number, classes: number, label: number): number {
  const own = data[start + label];
  let above = 0;
  for (let c = 0; c < classes; c++) {
    const score = data[start + c];
    if (Number.isNaN(score)) return classes;
    if (score > own || (score === own && c < label)) above++;
  }
  return above;
}

/**
 * The share of examples whose label is among the k highest scores; of equal scores the first counts as higher.
 * Scores with NaN among them are no prediction: the example counts as wrong, whatever k is.
 *
 * @param scores  logits or probabilities, [N, classes]
 * @param labels  N integers from 0 to classes − 1
 * @param k       from 1 to classes
 * @throws        BatchNormError E_SHAPE or E_LABEL when they do not fit; E_VALUE for another k
 */
export function accuracy(scores: Tensor, labels: Labels, k = 1): number {
  const { rows, classes, labels: own } = checked("accuracy", scores, labels);
  check(Number.isInteger(k) && k > 0 && k <= classes, "E_VALUE", "accuracy", () => {
    return `expected k from 1 to the number of classes (${classes}), got ${k}`;
  });
  let correct = 0;
  for (let r = 0; r < rows; r++) if (rank(scores.data, r * classes, classes, own[r]) < k) correct++;
  return correct / rows;
}

/**
 * How often each label was taken for each class: [classes][classes], labels down, predictions across.
 *
 * @throws BatchNormError E_SHAPE or E_LABEL as `accuracy` does; E_VALUE for scores of NaN, which are no prediction and have
 *         no place in the matrix
 */
export function confusionMatrix(scores: Tensor, labels: Labels): number[][] {
  const { rows, classes, labels: own } = checked("confusionMatrix", scores, labels);
  const wrong = scores.data.findIndex(Number.isNaN);
  check(wrong < 0, "E_VALUE", "confusionMatrix", () => {
    return `expected scores that are numbers, got NaN at example ${Math.floor(wrong / classes)}: no class is predicted there`;
  });
  const counts = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (let r = 0; r < rows; r++) {
    let best = 0;
    for (let c = 1; c < classes; c++) if (scores.data[r * classes + c] > scores.data[r * classes + best]) best = c;
    counts[own[r]][best]++;
  }
  return counts;
}
