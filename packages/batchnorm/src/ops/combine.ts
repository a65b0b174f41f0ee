import type { Arena } from "../engine/arena.ts";
import type { Call, Engine } from "../engine/engine.ts";
import { perTask, tasksOf } from "./layout.ts";

/** sum = a + b, of `count` float32; sum may be a or b. What is below `floor` becomes it. */
export function additionCall(
  engine: Engine,
  arena: Arena,
  { a, b, sum }: { a: number; b: number; sum: number },
  count: number,
  floor = Number.NEGATIVE_INFINITY,
): Call {
  const each = perTask(count, 1, 4);
  return engine.call(arena, "addition", { a, b, sum, floor, count, perTask: each }, tasksOf(count, each)) as Call;
}

export interface SumBuffers {
  a: number; // f32 [count]
  b: number; // f32 [count]
  y: number; // f32 [count]
  dy: number; // f32 [count], and the gradient of one of the two; 0: no backward pass
  copy: number; // f32 [count], the gradient of the other; 0: not wanted
}

/** y = a + b, or max(a + b, 0). */
export class SumOp {
  readonly #forward: Call;
  readonly #backward: Call | null;

  constructor(engine: Engine, arena: Arena, count: number, relu: boolean, { a, b, y, dy, copy }: SumBuffers) {
    const each = perTask(count, 1, 4);
    this.#forward = additionCall(engine, arena, { a, b, sum: y }, count, relu ? 0 : undefined);
    const grad = { y: relu ? y : 0, dy, copy, count, perTask: each };
    const needed = dy && (relu || copy);
    this.#backward = needed ? (engine.call(arena, "additionGrad", grad, tasksOf(count, each)) as Call) : null;
  }

  forward(): void {
    this.#forward.run();
  }

  backward(): void {
    this.#backward?.run();
  }
}

/** Columns of one matrix of float32 become columns of another; both addresses are those of their first column. */
export function copyColumnsCall(
  engine: Engine,
  arena: Arena,
  rows: number,
  columns: number,
  from: { at: number; width: number },
  to: { at: number; width: number },
): Call {
  const rowsPerTask = perTask(rows, columns, 1);
  const args = { from: from.at, to: to.at, rows, columns, fromWidth: from.width, toWidth: to.width, rowsPerTask };
  return engine.call(arena, "copyColumns", args, tasksOf(rows, rowsPerTask)) as Call;
}

/** The sum of every column of x [rows, channels], float32: the gradient of a bias. */
export function columnSumsCall(
  engine: Engine,
  arena: Arena,
  x: number,
  rows: number,
  channels: number,
  sum: number,
): Call {
  const channelsPerTask = perTask(channels, rows, 4);
  const args = { x, rows, channels, channelsPerTask, sum };
  return engine.call(arena, "sumRows", args, tasksOf(channels, channelsPerTask)) as Call;
}
