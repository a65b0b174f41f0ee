import type { Engine } from "#dist/engine/engine.js";
import { CONTROL } from "#dist/engine/pool.js";
import { control } from "#dist/kernels/contract.js";

/** How many threads wait on the bell: see assembly/threads.ts. */
const ASLEEP = (CONTROL + control.asleep) >> 2;

/** Waits until all of an engine's threads have started. Until then the caller does every task itself. */
export async function started(engine: Engine): Promise<void> {
  while (Atomics.load(engine.memory.i32, ASLEEP) < engine.threads - 1) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
