import type { Place } from "../device/device.ts";
import { check } from "../errors.ts";
import { perTask, tasksOf } from "../kernels/tasks.ts";
import { checkOptions } from "../options.ts";
import type { Emitter } from "../plan/site.ts";
import { power } from "../tensor/math.ts";
import {
  checkAtLeast0,
  type Optimizer,
  type OptimizerOptions,
  type ParameterGroup,
  type WeightRun,
} from "./optimizer.ts";

export interface AdamOptions extends OptimizerOptions {
  /** Default 0.9. */
  beta1?: number;
  /** Default 0.999. */
  beta2?: number;
  /** Default 1e-8. */
  eps?: number;
  /** True: weights shrink by lr·weightDecay beside the step (AdamW), instead of weightDecay in the gradient. */
  decoupled?: boolean;
}

/**
 * Adam (Kingma & Ba 2015), or AdamW (Loshchilov & Hutter 2019) with `decoupled`.
 *
 * A gradient that is 0 in truth but not in its last digits moves a weight as far as any other: where that matters, in small
 * networks of 3×3 convolutions above all, train with `convolution: "accurate"`.
 *
 * The corrections for the first steps are those of each parameter's own: one that is trained from step 1,000 on starts as all
 * others did.
 *
 * @throws BatchNormError E_VALUE for a negative option, or a beta not below 1
 */
export class Adam implements Optimizer {
  readonly name = "Adam";
  readonly lr: number;
  readonly groups: readonly ParameterGroup[] | null;
  readonly #options: Required<Omit<AdamOptions, "groups">>;

  constructor(options: AdamOptions) {
    checkOptions("Adam", options, ["lr", "weightDecay", "groups", "beta1", "beta2", "eps", "decoupled"]);
    const { lr, weightDecay = 0, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, decoupled = false, groups } = options;
    checkAtLeast0("Adam", { lr, weightDecay, beta1, beta2, eps }, groups);
    check(beta1 < 1 && beta2 < 1, "E_VALUE", "Adam", () => `expected betas below 1, got ${beta1} and ${beta2}`);
    this.lr = lr;
    this.groups = groups ?? null;
    this.#options = { lr, weightDecay, beta1, beta2, eps, decoupled };
  }

  get memory(): readonly string[] {
    return ["m", "v"];
  }

  step(emitter: Emitter, run: WeightRun, { m, v }: Readonly<Record<string, Place>>): void {
    const { group, weight, grad, count } = run;
    const { beta1, beta2, eps, decoupled } = this.#options;
    const { weightDecay: decay = this.#options.weightDecay, lrFactor = 1 } = group;
    const { state } = emitter;
    const each = perTask(count, 1, 16);
    // Of the betas as kernels see them: 1 − beta2 would otherwise differ by 1e-5 of itself from what v is made with.
    const bias = (beta: number) => 1 - power(Math.fround(beta), run.taken + 1);
    const rate = () => state.learningRate * lrFactor;
    const moving = {
      step: emitter.number("f32", () => rate() / bias(beta1)),
      correction: emitter.number("f32", () => 1 / Math.sqrt(bias(beta2))),
      shrink: emitter.number("f32", () => (decoupled ? 1 - rate() * decay : 1)),
    };
    const fixed = { beta1, beta2, eps, weightDecay: decoupled ? 0 : decay };
    emitter.command("adam", { weight, grad, m, v, count, perTask: each, ...fixed, ...moving }, tasksOf(count, each));
  }
}
