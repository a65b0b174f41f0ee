// @ts-check
// How long kernels of the library take within something larger.

import { Call } from "../../packages/batchnorm/dist/engine/engine.js";

/**
 * Seconds spent in kernels while something runs. The clock is read twice a kernel, which a step of many milliseconds does
 * not notice.
 *
 * @param {RegExp} names    of the kernels that count
 * @param {() => void} run
 */
export function secondsInKernels(names, run) {
  const { run: original } = Call.prototype;
  let ms = 0;
  Call.prototype.run = function () {
    const start = performance.now();
    original.call(this);
    if (names.test(this.name)) ms += performance.now() - start;
  };
  try {
    run();
  } finally {
    Call.prototype.run = original;
  }
  return ms / 1e3;
}
