import type { Place } from "../device/device.ts";
import { perTask, tasksOf } from "../kernels/tasks.ts";
import type { Emitter } from "../plan/site.ts";

/** What a Dropout's mask is a function of. */
export interface Mask {
  /** The probability of a zero. */
  readonly p: number;
  /** i32 [1], another one in every run. */
  readonly key: Place;
  /** i32 [1]: how many values of the batch come before x. */
  readonly first: Place;
}

/**
 * y = x·mask / (1 − p), of `count` float32; y may be x. The mask is a function of the key and a value's place in the batch,
 * so the backward pass makes it again.
 */
export function dropout(
  emitter: Emitter,
  { p, key, first }: Mask,
  { x, y }: { x: Place; y: Place },
  count: number,
): void {
  const each = perTask(count, 1, 4);
  const args = { x, y, count, perTask: each, key, first, limit: Math.floor(p * 2 ** 32), scale: 1 / (1 - p) };
  emitter.command("dropout", args, tasksOf(count, each));
}
