import { check } from "../errors.ts";
import { checkOptions } from "../options.ts";
import type { Loss } from "./loss.ts";

/** What a loss in plain TypeScript computes from: arrays that are good until the function returns. */
export interface PlainLossValues<Targets> {
  /** What the model gave. */
  readonly output: Float32Array;
  readonly shape: readonly number[];
  /** What `step` was given, or the labels of a data set's examples. */
  readonly targets: Targets;
  /** To be filled with the gradient of the loss, all of it. */
  readonly gradient: Float32Array;
}

export interface PlainLossOptions<Targets> {
  readonly name: string;
  /** The mean loss of the examples, and how many of them had their label on top, if that can be said. */
  compute(values: PlainLossValues<Targets>): number | { loss: number; correct: number };
}

/**
 * A loss in plain TypeScript, over ordinary arrays.
 *
 *     const absoluteError = plainLoss({
 *       name: "absoluteError",
 *       compute({ output, targets, gradient }) {
 *         let sum = 0;
 *         for (let i = 0; i < output.length; i++) {
 *           sum += Math.abs(output[i] - targets[i]);
 *           gradient[i] = Math.sign(output[i] - targets[i]) / output.length;
 *         }
 *         return sum / output.length;
 *       },
 *     });
 *
 * @throws BatchNormError E_VALUE for an unknown option
 */
export function plainLoss<Targets extends ArrayLike<number> | ArrayLike<bigint> = ArrayLike<number>>(
  options: PlainLossOptions<Targets>,
): Loss {
  checkOptions("plainLoss", options, ["name", "compute"]);
  const { name, compute } = options;
  return {
    name,
    bind(emitter, { at, size: count, shape }, gradient) {
      let targets: Targets | null = null;
      const result = emitter.doubles(4);
      const grad = gradient ?? emitter.words(count);
      const told = { place: result, type: "f64" as const, count: 4 };
      emitter.point({
        reads: [{ place: at, type: "f32", count }, told],
        writes: [{ place: grad, type: "f32", count }, told],
        act: (output, before, slope, after) => {
          check(targets !== null, "E_STATE", name, () => "expected targets; none were given");
          const { share } = emitter.state;
          const values = { output: output as Float32Array, shape, targets, gradient: slope as Float32Array };
          const computed = compute(values);
          const { loss, correct } = typeof computed === "number" ? { loss: computed, correct: 0 } : computed;
          // A share's part of the mean over the whole batch.
          const part = share.count / share.total;
          if (part !== 1) for (let i = 0; i < count; i++) slope[i] = share.count === 0 ? 0 : slope[i] * part;
          const own = share.count === 0 ? 0 : loss * part;
          after.set([own, correct, before[2] + own * share.total, before[3] + correct]);
        },
      });
      return {
        result,
        load(given) {
          targets = given as Targets;
        },
      };
    },
  };
}
