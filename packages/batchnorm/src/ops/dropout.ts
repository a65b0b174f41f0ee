import type { Arena } from "../engine/arena.ts";
import type { Call, Engine } from "../engine/engine.ts";
import type { PointwiseBuffers } from "./activation.ts";
import { perTask, tasksOf } from "./layout.ts";

/** y = x·mask / (1 − p). The mask is a function of the key and a value's place in the batch, so the backward pass makes it again. */
export class DropoutOp {
  readonly #forward: Call<"dropout">;
  readonly #backward: Call<"dropout"> | null;

  constructor(engine: Engine, arena: Arena, p: number, count: number, { x, y, dy, dx }: PointwiseBuffers) {
    const each = perTask(count, 1, 4);
    const tasks = tasksOf(count, each);
    const args = { count, perTask: each, key: 0, first: 0, limit: Math.floor(p * 2 ** 32), scale: 1 / (1 - p) };
    this.#forward = engine.call(arena, "dropout", { x, y, ...args }, tasks);
    this.#backward = dx ? engine.call(arena, "dropout", { x: dy, y: dx, ...args }, tasks) : null;
  }

  /** @param first  how many values of the batch come before x */
  forward(key: number, first = 0): void {
    this.#forward.set("key", key);
    this.#forward.set("first", first);
    this.#forward.run();
  }

  /** With what the forward pass was given. */
  backward(key: number, first = 0): void {
    this.#backward?.set("key", key);
    this.#backward?.set("first", first);
    this.#backward?.run();
  }
}
