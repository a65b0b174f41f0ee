import type { Place } from "../device/device.ts";
import { check } from "../errors.ts";
import { perTask, tasksOf } from "../kernels/tasks.ts";
import { checkOptions } from "../options.ts";
import type { Emitter } from "../plan/site.ts";
import {
  checkAtLeast0,
  type Optimizer,
  type OptimizerOptions,
  type ParameterGroup,
  type WeightRun,
} from "./optimizer.ts";

export interface SGDOptions extends OptimizerOptions {
  /** Default 0. */
  momentum?: number;
  /** Default false. */
  nesterov?: boolean;
}

/**
 * Stochastic gradient descent as PyTorch's: v = momentum·v + (grad + weightDecay·w); w −= lr·v, or with Nesterov
 * lr·(grad + weightDecay·w + momentum·v).
 *
 * @throws BatchNormError E_VALUE for a negative option, or Nesterov without momentum
 */
export class SGD implements Optimizer {
  readonly name = "SGD";
  readonly lr: number;
  readonly groups: readonly ParameterGroup[] | null;
  readonly #options: Required<Omit<SGDOptions, "groups">>;

  constructor(options: SGDOptions) {
    checkOptions("SGD", options, ["lr", "weightDecay", "groups", "momentum", "nesterov"]);
    const { lr, weightDecay = 0, momentum = 0, nesterov = false, groups } = options;
    checkAtLeast0("SGD", { lr, weightDecay, momentum }, groups);
    check(!nesterov || momentum > 0, "E_VALUE", "SGD", () => "expected momentum above 0 for Nesterov's, got 0");
    this.lr = lr;
    this.groups = groups ?? null;
    this.#options = { lr, weightDecay, momentum, nesterov };
  }

  get memory(): readonly string[] {
    return this.#options.momentum ? ["velocity"] : [];
  }

  step(
    emitter: Emitter,
    { group, weight, grad, count }: WeightRun,
    { velocity }: Readonly<Record<string, Place>>,
  ): void {
    const { momentum, nesterov } = this.#options;
    const { weightDecay = this.#options.weightDecay, lrFactor = 1 } = group;
    const each = perTask(count, 1, 16);
    const lr = emitter.number("f32", () => emitter.state.learningRate * lrFactor);
    const fixed = { momentum, weightDecay, nesterov: Number(nesterov) };
    emitter.command(
      "sgd",
      { weight, grad, velocity: velocity ?? null, count, perTask: each, lr, ...fixed },
      tasksOf(count, each),
    );
  }
}
