import { check } from "../errors.ts";
import { checkOptions } from "../options.ts";
import { cosPi, power } from "../tensor/math.ts";

/** By what the optimizer's learning rate is multiplied at a step; steps count from 0. A schedule has no state. */
export type Schedule = (step: number) => number;

export function constant(): Schedule {
  return () => 1;
}

/**
 * Multiplies by `factor` after every `every` steps.
 *
 * @throws BatchNormError E_VALUE, as all schedules, for an option that is unknown or outside its range
 */
export function stepDecay(options: { every: number; factor: number }): Schedule {
  const { every, factor } = checkedDecay("stepDecay", options);
  return (step) => power(factor, Math.floor(step / every));
}

/** Multiplies by `factor` over every `every` steps, a little at each. */
export function exponentialDecay(options: { every: number; factor: number }): Schedule {
  const { every, factor } = checkedDecay("exponentialDecay", options);
  return (step) => power(factor, step / every);
}

/** Half a cosine from 1 at the first step down to `floor` at the last and after. */
export function cosine(options: { steps: number; floor?: number }): Schedule {
  checkOptions("cosine", options, ["steps", "floor"]);
  const { steps, floor = 0 } = options;
  check(Number.isFinite(floor), "E_VALUE", "cosine", () => `expected a finite number as floor, got ${floor}`);
  check(steps > 0, "E_VALUE", "cosine", () => `expected a positive number of steps, got ${steps}`);
  return (step) => floor + ((1 - floor) * (1 + cosPi(Math.min(1, step / steps)))) / 2;
}

/** Linearly up from 1/steps over the first steps, then another schedule from its own beginning. */
export function warmup(options: { steps: number; after?: Schedule }): Schedule {
  checkOptions("warmup", options, ["steps", "after"]);
  const { steps, after = constant() } = options;
  check(typeof after === "function", "E_VALUE", "warmup", () => `expected a schedule as after, got ${typeof after}`);
  check(steps >= 0, "E_VALUE", "warmup", () => `expected at least 0 steps, got ${steps}`);
  return (step) => (step < steps ? (step + 1) / steps : after(step - steps));
}

function checkedDecay(where: string, options: { every: number; factor: number }): { every: number; factor: number } {
  checkOptions(where, options, ["every", "factor"]);
  const { every, factor } = options;
  check(every > 0, "E_VALUE", where, () => `expected a positive number of steps, got ${every}`);
  check(factor > 0 && factor < Number.POSITIVE_INFINITY, "E_VALUE", where, () => {
    return `expected a positive factor, got ${factor}`;
  });
  return options;
}
