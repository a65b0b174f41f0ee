import { check } from "../errors.ts";
import { checkOptions } from "../options.ts";
import { checkAtLeast0, type Optimizer, type ParameterGroup } from "./optimizer.ts";

/** What an optimizer in plain TypeScript works on: arrays that are good until the function returns. */
export interface PlainOptimizerValues {
  /** To be changed in place. */
  readonly weight: Float32Array;
  readonly gradient: Float32Array;
  /** What it remembers of each weight, by name: to be changed in place; zeros before the first step. */
  readonly memory: Readonly<Record<string, Float32Array>>;
  /** Of this step and group. */
  readonly learningRate: number;
  /** Steps that these weights have taken before this one. */
  readonly stepCount: number;
  readonly group: ParameterGroup;
}

export interface PlainOptimizerOptions {
  readonly name: string;
  /** Learning rate. */
  readonly lr: number;
  /** Names of what it remembers. Default: nothing. */
  readonly memory?: readonly string[];
  readonly groups?: readonly ParameterGroup[];
  step(values: PlainOptimizerValues): void;
}

/**
 * An optimizer in plain TypeScript, over ordinary arrays. Several parameters may come in one array; between them are zeros.
 *
 *     const signs = plainOptimizer({
 *       name: "signs",
 *       lr: 0.01,
 *       step({ weight, gradient, learningRate }) {
 *         for (let i = 0; i < weight.length; i++) weight[i] -= learningRate * Math.sign(gradient[i]);
 *       },
 *     });
 *
 * @throws BatchNormError E_VALUE for a negative learning rate or an unknown option
 */
export function plainOptimizer(options: PlainOptimizerOptions): Optimizer {
  checkOptions("plainOptimizer", options, ["name", "lr", "memory", "groups", "step"]);
  const { name, lr, memory = [], groups, step } = options;
  check(typeof step === "function", "E_VALUE", name, () => "expected a function as step");
  checkAtLeast0(name, { lr }, groups);
  return {
    name,
    lr,
    groups: groups ?? null,
    memory,
    step(emitter, run, remembered) {
      const { group, weight, grad, count } = run;
      const span = (place: typeof weight) => ({ place, type: "f32" as const, count });
      const kept = memory.map((each) => span(remembered[each]));
      emitter.point({
        reads: [span(grad), span(weight), ...kept],
        writes: [span(weight), ...kept],
        act: (gradient, ...arrays) => {
          const n = 1 + kept.length;
          const [before, after] = [arrays.slice(0, n), arrays.slice(n)];
          // Where the device's memory is not seen, what is written back starts as what was read.
          for (const [i, array] of after.entries()) array.set(before[i]);
          step({
            weight: after[0] as Float32Array,
            gradient: gradient as Float32Array,
            memory: Object.fromEntries(memory.map((each, i) => [each, after[i + 1] as Float32Array])),
            learningRate: emitter.state.learningRate * (group.lrFactor ?? 1),
            stepCount: run.taken,
            group,
          });
        },
      });
    },
  };
}
