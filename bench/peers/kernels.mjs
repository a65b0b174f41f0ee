// @ts-check
// How long kernels of the library take within something larger.

import { WasmDevice } from "batchnorm";

/** @typedef {import("batchnorm").HostDevice} HostDevice */
/** @typedef {{ names: string[], programs: import("batchnorm/extend").Program[] }} Timed */

/**
 * A CPU device that times some of its kernels: every command is a program of its own, and the clock is read around those
 * that count, which a step of many milliseconds does not notice.
 *
 * @param {import("batchnorm").DeviceOptions} options
 * @param {RegExp} counted names of kernels
 */
export function timingDevice(options, counted) {
  const cpu = new WasmDevice(options);
  let ms = 0;
  /** @type {HostDevice} */
  const device = {
    build: cpu.build,
    get closed() {
      return cpu.closed;
    },
    allocate: (bytes) => cpu.allocate(bytes),
    release: (what) => {
      const { programs } = /** @type {Timed} */ (/** @type {unknown} */ (what));
      for (const program of programs ?? []) cpu.release(program);
      if (!programs) cpu.release(what);
    },
    write: (to, offset, data) => cpu.write(to, offset, data),
    read: (from, offset, into) => cpu.read(from, offset, into),
    view: (region) => cpu.view(region),
    supports: (kernel) => cpu.supports(kernel),
    prepare: (kernels) => cpu.prepare(kernels),
    bind: (commands) => {
      const programs = commands.map((command) => cpu.bind([command]));
      return { length: commands.length, names: commands.map(({ kernel }) => kernel), programs };
    },
    run: (program) => {
      const { names, programs } = /** @type {Timed} */ (/** @type {unknown} */ (program));
      for (const [i, each] of programs.entries()) {
        if (!counted.test(names[i])) {
          cpu.run(each);
          continue;
        }
        const start = performance.now();
        cpu.run(each);
        ms += performance.now() - start;
      }
    },
    close: () => cpu.close(),
  };
  /** Seconds in the kernels that count while something runs. @param {() => void} run */
  const seconds = (run) => {
    ms = 0;
    run();
    return ms / 1e3;
  };
  return { device, seconds };
}
