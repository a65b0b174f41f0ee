import type { Place } from "../device/device.ts";
import { check } from "../errors.ts";
import { perTask, tasksOf } from "../kernels/tasks.ts";
import type { Emitter, Operand } from "../plan/site.ts";
import { type BoundLoss, type Loss, tally } from "./loss.ts";

/** The mean of (y − target)² over all values; targets are as many numbers as the model gives. */
export function meanSquaredError(): Loss {
  return { name: "meanSquaredError", bind };
}

function bind(emitter: Emitter, output: Operand, gradient: Place | null): BoundLoss {
  const { at: y, size: count, shape } = output;
  const target = emitter.words(count);
  const each = perTask(count, 1, 4);
  const tasks = tasksOf(count, each);
  const loss = emitter.doubles(tasks);
  // Of a share of a batch: its part of the mean over the whole batch.
  const total = () => (count / shape[0]) * emitter.state.share.total;
  const gradScale = emitter.number("f32", () => (emitter.state.share.count === 0 ? 0 : 1 / total()));
  const args = { y, target, grad: gradient ?? emitter.words(count), loss, count, perTask: each, gradScale };
  emitter.command("squaredError", args, tasks);
  const result = tally(emitter, { loss, losses: tasks, correct: null, rows: 0 }, total);
  return {
    result,
    load(targets) {
      check(targets?.length === count, "E_SHAPE", "meanSquaredError", () => {
        return `expected ${count} target values, got ${targets?.length}`;
      });
      emitter.device.write(target.region, 0, Float32Array.from(targets as ArrayLike<number>, Number));
    },
  };
}
