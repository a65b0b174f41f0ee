import type { Place } from "../device/device.ts";
import { check } from "../errors.ts";
import type { Layer } from "../module/layer.ts";
import { checkOptions } from "../options.ts";
import type { Parameter } from "../plan/parameter.ts";
import type { Emitter } from "../plan/site.ts";

/** Parameters that are treated alike. */
export interface ParameterGroup {
  parameters: Parameter[];
  /** Instead of the optimizer's. */
  weightDecay?: number;
  /** The group's learning rate is the optimizer's times this. Default 1. */
  lrFactor?: number;
}

/** A run of memory that holds weights of a group, one that holds their gradients, and how long they are. */
export interface WeightRun {
  readonly group: ParameterGroup;
  /** float32 [count] */
  readonly weight: Place;
  /** float32 [count] */
  readonly grad: Place;
  /** Values, padding between parameters included: a multiple of 16. */
  readonly count: number;
  /** Steps that these weights have taken: fewer than the trainer where they were not trained from the start. */
  readonly taken: number;
}

/** How gradients move weights. */
export interface Optimizer {
  readonly name: string;
  readonly lr: number;
  /** Null: all parameters alike. */
  readonly groups: readonly ParameterGroup[] | null;
  /** Names of what it remembers of every weight: an array like the weights each, of zeros at first. */
  readonly memory: readonly string[];
  /**
   * Adds what moves some weights by their gradients: see `RunState` for the learning rate of the step at hand.
   *
   * @param memory  float32 [count] each, by name
   */
  step(emitter: Emitter, run: WeightRun, memory: Readonly<Record<string, Place>>): void;
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

/** @throws BatchNormError E_VALUE for a negative option, or one that a group has not */
export function checkAtLeast0(
  where: string,
  options: Record<string, number>,
  groups: readonly ParameterGroup[] = [],
): void {
  for (const group of groups) checkOptions(where, group, ["parameters", "weightDecay", "lrFactor"]);
  const inGroups = groups.map(({ weightDecay = 0, lrFactor = 1 }) => ({ weightDecay, lrFactor }));
  for (const [name, value] of [options, ...inGroups].flatMap(Object.entries<number>)) {
    check(value >= 0, "E_VALUE", where, () => `expected ${name} of at least 0, got ${value}`);
  }
}
