// @ts-check
// The speed of memory itself: each of N threads copies its own share of a buffer as large as the tensors of a case.
// The threads need not meet, so what is measured is bandwidth and not synchronisation.

import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { footprint } from "../cases.mjs";
import { measure, serve } from "./serve.mjs";

/** @param {number} bytes a multiple of 4 */
function copying(bytes) {
  const from = new Uint8Array(bytes).fill(1);
  const to = new Uint8Array(bytes);
  return { run: () => to.set(from), check: () => [] };
}

if (isMainThread) {
  const threads = Number(process.argv[2]);
  await serve(async () => {
    const workers = Array.from({ length: threads }, () => {
      const worker = new Worker(new URL(import.meta.url));
      worker.unref();
      return worker;
    });
    return {
      versions: {},
      prepare: (c) => ({
        run: () => {},
        check: () => [],
        /** Both threads at once; one iteration is the whole copy. @param {number} ms */
        measure: async (ms) => {
          const shares = workers.map((worker) => {
            worker.ref();
            worker.postMessage({ bytes: footprint(c) / 2 / threads, ms });
            return new Promise((resolve) =>
              worker.once("message", (answer) => {
                worker.unref();
                resolve(answer);
              }),
            );
          });
          const answers = await Promise.all(shares);
          const copiesPerSecond = answers.reduce((sum, a) => sum + a.iterations / a.seconds, 0) / threads;
          const seconds = ms / 1e3;
          return { iterations: copiesPerSecond * seconds, seconds, best: 1 / copiesPerSecond };
        },
      }),
    };
  });
} else {
  /** @type {Map<number, ReturnType<typeof copying>>} */
  const kept = new Map();
  parentPort?.on("message", async ({ bytes, ms }) => {
    const task = kept.get(bytes) ?? copying(bytes);
    kept.set(bytes, task);
    parentPort?.postMessage(await measure(task, ms));
  });
}
