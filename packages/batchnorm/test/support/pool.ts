import type { WasmDevice } from "batchnorm";
import { ASLEEP } from "#dist/wasm/control.js";

/** Waits until all of a device's threads have started. Until then the caller does every task itself. */
export async function started(device: WasmDevice): Promise<void> {
  while (Atomics.load(device.memory.i32, ASLEEP) < device.threads - 1) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
