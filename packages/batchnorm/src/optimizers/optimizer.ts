import type { Arena } from "../engine/arena.ts";
import type { Call, Engine } from "../engine/engine.ts";
import { check } from "../errors.ts";
import type { Layer } from "../layers/layer.ts";
import type { Parameter } from "../layers/parameter.ts";
import { perTask, tasksOf } from "../ops/layout.ts";
import { power } from "../tensor/math.ts";

/** Parameters that are treated alike. */
export interface ParameterGroup {
  parameters: Parameter[];
  /** Instead of the optimizer's. */
  weightDecay?: number;
  /** The group's learning rate is the optimizer's times this. Default 1. */
  lrFactor?: number;
}

/** A run of memory that holds a group's weights, one that holds their gradients, and how long they are. */
export interface Block {
  group: ParameterGroup;
  weight: number;
  grad: number;
  /** Values, padding between parameters included: a multiple of 16. */
  count: number;
}

export interface BoundOptimizer {
  /** Moves the weights by their gradients. */
  step(lr: number, stepCount: number): void;
  /** What it remembers, by name: for each block an address, laid out as the block. */
  readonly state: Record<string, number[]>;
}

/** How gradients move weights. */
export interface Optimizer {
  readonly name: string;
  readonly lr: number;
  /** Null: all parameters alike. */
  readonly groups: ParameterGroup[] | null;
  bind(engine: Engine, arena: Arena, blocks: Block[]): BoundOptimizer;
}

export interface OptimizerOptions {
  /** Learning rate. */
  lr: number;
  /** Added to the gradient: weightDecay · weight. Default 0. */
  weightDecay?: number;
  groups?: ParameterGroup[];
}

/**
 * Keeps weight decay to matrices and convolutions: gamma, beta and biases get none.
 *
 *   new SGD({ lr: 0.1, groups: decayWeightsOnly(model, 5e-4) })
 *
 * @see He et al. 2019, "Bag of Tricks for Image Classification with Convolutional Neural Networks"
 */
export function decayWeightsOnly(model: Layer, weightDecay: number): ParameterGroup[] {
  const parameters = model.parameters();
  return [
    { parameters: parameters.filter((p) => p.shape.length > 1), weightDecay },
    { parameters: parameters.filter((p) => p.shape.length <= 1), weightDecay: 0 },
  ];
}

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
  readonly groups: ParameterGroup[] | null;
  readonly #options: Required<Omit<SGDOptions, "groups">>;

  constructor({ lr, weightDecay = 0, momentum = 0, nesterov = false, groups }: SGDOptions) {
    checkAtLeast0("SGD", { lr, weightDecay, momentum }, groups);
    check(!nesterov || momentum > 0, "E_VALUE", "SGD", () => "expected momentum above 0 for Nesterov's, got 0");
    this.lr = lr;
    this.groups = groups ?? null;
    this.#options = { lr, weightDecay, momentum, nesterov };
  }

  bind(engine: Engine, arena: Arena, blocks: Block[]): BoundOptimizer {
    const { momentum, nesterov, weightDecay } = this.#options;
    const velocity = momentum ? blocks.map(({ count }) => arena.floats(count)) : [];
    const calls = blocks.map(({ group, weight, grad, count }, i) => {
      const each = perTask(count, 1, 16);
      const decay = { momentum, weightDecay: group.weightDecay ?? weightDecay, nesterov: Number(nesterov) };
      const args = { weight, grad, velocity: velocity[i] ?? 0, count, perTask: each, lr: 0, ...decay };
      return engine.call(arena, "sgd", args, tasksOf(count, each));
    });
    const step = (lr: number) => run(calls, blocks, (call, factor) => call.set("lr", lr * factor));
    return { step, state: momentum ? { velocity } : {} };
  }
}

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
 * @throws BatchNormError E_VALUE for a negative option, or a beta not below 1
 */
export class Adam implements Optimizer {
  readonly name = "Adam";
  readonly lr: number;
  readonly groups: ParameterGroup[] | null;
  readonly #options: Required<Omit<AdamOptions, "groups">>;

  constructor(options: AdamOptions) {
    const { lr, weightDecay = 0, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, decoupled = false, groups } = options;
    checkAtLeast0("Adam", { lr, weightDecay, beta1, beta2, eps }, groups);
    check(beta1 < 1 && beta2 < 1, "E_VALUE", "Adam", () => `expected betas below 1, got ${beta1} and ${beta2}`);
    this.lr = lr;
    this.groups = groups ?? null;
    this.#options = { lr, weightDecay, beta1, beta2, eps, decoupled };
  }

  bind(engine: Engine, arena: Arena, blocks: Block[]): BoundOptimizer {
    const { beta1, beta2, eps, decoupled, weightDecay } = this.#options;
    const m = blocks.map(({ count }) => arena.floats(count));
    const v = blocks.map(({ count }) => arena.floats(count));
    const decays = blocks.map(({ group }) => group.weightDecay ?? weightDecay);
    const calls = blocks.map(({ weight, grad, count }, i) => {
      const each = perTask(count, 1, 16);
      const fixed = { beta1, beta2, eps, weightDecay: decoupled ? 0 : decays[i] };
      const moving = { step: 0, correction: 1, shrink: 1 };
      const args = { weight, grad, m: m[i], v: v[i], count, perTask: each, ...fixed, ...moving };
      return engine.call(arena, "adam", args, tasksOf(count, each));
    });
    const step = (lr: number, stepCount: number) => {
      // Of the betas as kernels see them: 1 − beta2 would otherwise differ by 1e-5 of itself from what v is made with.
      const bias1 = 1 - power(Math.fround(beta1), stepCount + 1);
      const bias2 = 1 - power(Math.fround(beta2), stepCount + 1);
      run(calls, blocks, (call, factor, i) => {
        call.set("step", (lr * factor) / bias1);
        call.set("correction", 1 / Math.sqrt(bias2));
        call.set("shrink", decoupled ? 1 - lr * factor * decays[i] : 1);
      });
    };
    return { step, state: { m, v } };
  }
}

function run<C extends Call<"sgd"> | Call<"adam">>(
  calls: C[],
  blocks: Block[],
  prepare: (call: C, lrFactor: number, i: number) => void,
): void {
  for (let i = 0; i < calls.length; i++) {
    prepare(calls[i], blocks[i].group.lrFactor ?? 1, i);
    calls[i].run();
  }
}

function checkAtLeast0(where: string, options: Record<string, number>, groups: ParameterGroup[] = []): void {
  const inGroups = groups.map(({ weightDecay = 0, lrFactor = 1 }) => ({ weightDecay, lrFactor }));
  for (const [name, value] of [options, ...inGroups].flatMap(Object.entries<number>)) {
    check(value >= 0, "E_VALUE", where, () => `expected ${name} of at least 0, got ${value}`);
  }
}
