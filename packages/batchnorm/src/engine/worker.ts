/** What each thread of the pool runs: wait for the bell, take tasks until there are none, again. */
import { instantiate } from "../kernels/wasm.ts";
import { ARGUMENTS, CONTROL, FAILED, KERNEL, type WorkerSetup } from "./pool.ts";

function serve({ module, memory, scratch, names }: WorkerSetup): void {
  const kernels = instantiate(module, memory, scratch);
  const table = names.map((name) => kernels[name]);
  // The control block is in the first page, so this view serves however the memory grows.
  const words = new Int32Array(memory.buffer);
  let heard = 0;
  for (;;) {
    heard = kernels.listen(CONTROL, heard);
    if (heard === 0) return;
    // Kernel and arguments are read after the task is taken: only then do they belong to it.
    for (let task = kernels.take(CONTROL); task >= 0; task = kernels.take(CONTROL)) {
      try {
        table[words[KERNEL]](words[ARGUMENTS], task);
      } catch {
        words[FAILED] = 1;
      }
      // In any case: the caller waits for it.
      kernels.finish(CONTROL);
    }
  }
}

const node = typeof process === "object" ? process.getBuiltinModule?.("node:worker_threads") : undefined;
if (node?.parentPort) node.parentPort.once("message", serve);
else self.onmessage = (event: MessageEvent<WorkerSetup>) => serve(event.data);
