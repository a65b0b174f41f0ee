import type { Arena } from "../engine/arena.ts";
import type { Call, Engine } from "../engine/engine.ts";
import { perTask, tasksOf } from "./layout.ts";

export interface SquaredErrorBuffers {
  y: number; // f32 [count]
  target: number; // f32 [count]
  grad: number; // f32 [count]: d(loss)/dy
}

/** Mean over all values of (y − target)², and its gradient. */
export class SquaredErrorOp {
  readonly #engine: Engine;
  readonly #call: Call<"squaredError">;
  readonly #count: number;
  readonly #loss: number;

  constructor(engine: Engine, arena: Arena, count: number, buffers: SquaredErrorBuffers) {
    const each = perTask(count, 1, 4);
    const tasks = tasksOf(count, each);
    this.#engine = engine;
    this.#count = count;
    this.#loss = arena.doubles(tasks);
    const args = { ...buffers, loss: this.#loss, count, perTask: each, gradScale: 1 / count };
    this.#call = engine.call(arena, "squaredError", args, tasks);
  }

  run(): void {
    this.#call.run();
  }

  /** Of the last run. */
  get loss(): number {
    const { f64 } = this.#engine.memory;
    let sum = 0;
    for (let i = 0; i < this.#call.tasks; i++) sum += f64[(this.#loss >> 3) + i];
    return sum / this.#count;
  }
}
