/** What each thread of the pool runs: wait for the bell, walk the list, again. */
import { instantiate } from "./builds.ts";
import { CONTROL } from "./control.ts";
import type { WorkerSetup } from "./pool.ts";

function serve({ module, memory, scratch }: WorkerSetup): void {
  const kernels = instantiate(module, memory, scratch);
  let heard = 0;
  for (;;) {
    heard = kernels.listen(CONTROL, heard);
    if (heard === 0) return;
    try {
      kernels.walk(CONTROL, 1);
    } catch {
      kernels.fail(CONTROL);
    }
  }
}

const node = typeof process === "object" ? process.getBuiltinModule?.("node:worker_threads") : undefined;
if (node?.parentPort) node.parentPort.once("message", serve);
else self.onmessage = (event: MessageEvent<WorkerSetup>) => serve(event.data);
