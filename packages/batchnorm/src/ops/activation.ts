import type { Place } from "../device/device.ts";
import { perTask, tasksOf } from "../kernels/tasks.ts";
import type { Emitter } from "../plan/site.ts";

export type ActivationName = "sigmoid" | "tanh" | "relu";

/** y = f(x), of `count` float32; y may be x. */
export function activation(
  emitter: Emitter,
  name: ActivationName,
  { x, y }: { x: Place; y: Place },
  count: number,
): void {
  const each = perTask(count, 1, 4);
  emitter.command(name, { x, y, count, perTask: each }, tasksOf(count, each));
}

/** dx = dy·f′, from y = f(x) alone; dx may be dy. */
export function activationGrad(
  emitter: Emitter,
  name: ActivationName,
  places: { y: Place; dy: Place; dx: Place },
  count: number,
): void {
  const each = perTask(count, 1, 4);
  emitter.command(`${name}Grad`, { ...places, count, perTask: each }, tasksOf(count, each));
}
