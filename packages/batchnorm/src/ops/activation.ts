import type { Arena } from "../engine/arena.ts";
import type { Call, Engine } from "../engine/engine.ts";
import { perTask, tasksOf } from "./layout.ts";

export type ActivationName = "sigmoid" | "tanh" | "relu";

export interface PointwiseBuffers {
  x: number; // f32 [count]
  y: number; // f32 [count]
  dy: number; // f32 [count]; 0: no backward pass
  dx: number; // f32 [count]; 0: not wanted
}

/** y = f(x); dx = dy·f′, from y alone. */
export class ActivationOp {
  readonly #forward: Call;
  readonly #backward: Call | null;

  constructor(engine: Engine, arena: Arena, name: ActivationName, count: number, buffers: PointwiseBuffers) {
    const { x, y, dy, dx } = buffers;
    const each = perTask(count, 1, 4);
    const tasks = tasksOf(count, each);
    this.#forward = engine.call(arena, name, { x, y, count, perTask: each }, tasks);
    this.#backward = dx ? engine.call(arena, `${name}Grad`, { y, dy, dx, count, perTask: each }, tasks) : null;
  }

  forward(): void {
    this.#forward.run();
  }

  backward(): void {
    this.#backward?.run();
  }
}
