import { check } from "../errors.ts";
import { cosPi, power } from "../tensor/math.ts";

/** By what the optimizer's learning rate is multiplied at a step; steps count from 0. A schedule has no state. */
export type Schedule = (step: number) => number;

export function constant(): Schedule {
  return () => 1;
}

/** Multiplies by `factor` after every `every` steps. */
export function stepDecay({ every, factor }: { every: number; factor: number }): Schedule {
  check(every > 0, "E_VALUE", "stepDecay", () => `expected a positive number of steps, got ${every}`);
  return (step) => power(factor, Math.floor(step / every));
}

/** Multiplies by `factor` over every `every` steps, a little at each. */
export function exponentialDecay({ every, factor }: { every: number; factor: number }): Schedule {
  check(every > 0, "E_VALUE", "exponentialDecay", () => `expected a positive number of steps, got ${every}`);
  return (step) => power(factor, step / every);
}

/** Half a cosine from 1 at the first step down to `floor` at the last and after. */
export function cosine({ steps, floor = 0 }: { steps: number; floor?: number }): Schedule {
  check(steps > 0, "E_VALUE", "cosine", () => `expected a positive number of steps, got ${steps}`);
  return (step) => floor + ((1 - floor) * (1 + cosPi(Math.min(1, step / steps)))) / 2;
}

/** Linearly up from 1/steps over the first steps, then another schedule from its own beginning. */
export function warmup({ steps, after = constant() }: { steps: number; after?: Schedule }): Schedule {
  check(steps >= 0, "E_VALUE", "warmup", () => `expected at least 0 steps, got ${steps}`);
  return (step) => (step < steps ? (step + 1) / steps : after(step - steps));
}
