import type { Place } from "../device/device.ts";
import { check } from "../errors.ts";
import { perTask, tasksOf } from "../kernels/tasks.ts";
import type { Emitter, Operand } from "../plan/site.ts";
import { integersOf } from "../tensor/labels.ts";
import { formatShape } from "../tensor/shape.ts";
import { type BoundLoss, type Loss, tally } from "./loss.ts";

/** The most classes that the kernel has room for. */
const MOST_CLASSES = 32768;

/**
 * Softmax and cross-entropy: the mean of −log softmax(logits)[label]. The model gives logits [N, classes]; targets are
 * labels, integers from 0 to classes − 1. An example with a logit of NaN is not right, whatever its label.
 */
export function crossEntropy(): Loss {
  return { name: "crossEntropy", bind };
}

function bind(emitter: Emitter, output: Operand, gradient: Place | null): BoundLoss {
  const where = "crossEntropy";
  const { shape, at: logits, size } = output;
  const [rows, classes] = shape;
  check(shape.length === 2 && classes <= MOST_CLASSES, "E_SHAPE", where, () => {
    return `expected logits [N, classes] with at most ${MOST_CLASSES} classes, got shape ${formatShape(shape)}`;
  });
  const labels = emitter.words(rows);
  const [loss, correct] = [emitter.doubles(rows), emitter.words(rows)];
  const rowsPerTask = perTask(rows, classes, 1, 8192);
  // Of a share of a batch: its part of the mean over the whole batch.
  const total = () => emitter.state.share.total;
  const args = { logits, labels, grad: gradient ?? emitter.words(size), loss, correct, rows, classes, rowsPerTask };
  const gradScale = emitter.number("f32", () => (emitter.state.share.count === 0 ? 0 : 1 / total()));
  emitter.command("softmaxCrossEntropy", { ...args, gradScale }, tasksOf(rows, rowsPerTask));
  const result = tally(emitter, { loss, losses: rows, correct, rows }, total);
  return {
    result,
    load(targets) {
      check(targets?.length === rows, "E_SHAPE", where, () => `expected ${rows} labels, got ${targets?.length}`);
      emitter.device.write(labels.region, 0, integersOf(where, targets, classes));
    },
  };
}
