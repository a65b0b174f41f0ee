import type { Command, Place } from "../device/device.ts";
import { command } from "../kernels/command.ts";
import { perTask, tasksOf } from "../kernels/tasks.ts";

/** sum = a + b, of `count` float32; sum may be a or b. What is below `floor` becomes it. */
export function addition(
  places: { a: Place; b: Place; sum: Place },
  count: number,
  floor = Number.NEGATIVE_INFINITY,
): Command {
  const each = perTask(count, 1, 4);
  return command("addition", { ...places, floor, count, perTask: each }, tasksOf(count, each));
}
