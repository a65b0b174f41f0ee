import type { Arena } from "../engine/arena.ts";
import type { Call, Engine } from "../engine/engine.ts";
import { perTask, tasksOf } from "./layout.ts";

/** sum = a + b, of `count` float32; sum may be a or b. */
export function additionCall(engine: Engine, arena: Arena, a: number, b: number, sum: number, count: number): Call {
  const each = perTask(count, 1, 4);
  return engine.call(arena, "addition", { a, b, sum, count, perTask: each }, tasksOf(count, each)) as Call;
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
