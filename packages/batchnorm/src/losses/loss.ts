import { check } from "../errors.ts";
import type { Plan, Value } from "../layers/plan.ts";
import { CrossEntropyOp } from "../ops/crossentropy.ts";
import { SquaredErrorOp } from "../ops/squarederror.ts";
import { formatShape } from "../tensor/shape.ts";

/** A loss bound to the output of a plan. */
export interface BoundLoss {
  /** Puts the targets in place. @throws BatchNormError when they do not fit */
  load(targets: ArrayLike<number>): void;
  /** Computes the loss and the gradient of the output. */
  run(): void;
  /** Mean over the batch, of the last run. */
  readonly loss: number;
  /** How many examples of the last run had their label on top; 0 where there are no labels. */
  readonly correct: number;
}

/** What training makes small. */
export interface Loss {
  readonly name: string;
  bind(plan: Plan, output: Value): BoundLoss;
}

/** The most classes that the kernel has room for. */
const MOST_CLASSES = 32768;

/**
 * Softmax and cross-entropy: the mean of −log softmax(logits)[label]. The model gives logits [N, classes]; targets are
 * labels, integers from 0 to classes − 1.
 */
export function crossEntropy(): Loss {
  return { name: "crossEntropy", bind: bindCrossEntropy };
}

function bindCrossEntropy(plan: Plan, output: Value): BoundLoss {
  const where = "crossEntropy";
  const [rows, classes] = output.shape;
  check(output.shape.length === 2 && classes <= MOST_CLASSES, "E_SHAPE", where, () => {
    return `expected logits [N, classes] with at most ${MOST_CLASSES} classes, got shape ${formatShape(output.shape)}`;
  });
  const { memory } = plan.engine;
  const labels = plan.arena.floats(rows);
  const grad = output.grad || plan.arena.floats(output.size);
  const op = new CrossEntropyOp(plan.engine, plan.arena, rows, classes, { logits: output.at, labels, grad });
  return {
    load(targets) {
      check(targets?.length === rows, "E_SHAPE", where, () => `expected ${rows} labels, got ${targets?.length}`);
      const { i32 } = memory;
      for (let r = 0; r < rows; r++) {
        const label = targets[r];
        check(Number.isInteger(label) && label >= 0 && label < classes, "E_LABEL", where, () => {
          return `expected labels from 0 to ${classes - 1}, got ${label} at example ${r}`;
        });
        i32[(labels >> 2) + r] = label;
      }
    },
    run: () => op.run(),
    get loss() {
      return op.loss;
    },
    get correct() {
      return op.correct;
    },
  };
}

/** The mean of (y − target)² over all values; targets are as many numbers as the model gives. */
export function meanSquaredError(): Loss {
  return { name: "meanSquaredError", bind: bindSquaredError };
}

function bindSquaredError(plan: Plan, output: Value): BoundLoss {
  const { memory } = plan.engine;
  const target = plan.arena.floats(output.size);
  const grad = output.grad || plan.arena.floats(output.size);
  const op = new SquaredErrorOp(plan.engine, plan.arena, output.size, { y: output.at, target, grad });
  return {
    load(targets) {
      check(targets?.length === output.size, "E_SHAPE", "meanSquaredError", () => {
        return `expected ${output.size} target values, got ${targets?.length}`;
      });
      memory.f32.set(targets, target >> 2);
    },
    run: () => op.run(),
    get loss() {
      return op.loss;
    },
    correct: 0,
  };
}
