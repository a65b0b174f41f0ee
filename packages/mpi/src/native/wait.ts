import type { Native, Request } from "./functions.ts";

/** Tests before the first sleep, where ranks share processors: some 100 µs. */
export const IMPATIENT = 200;
/** Where each has its own: some 5 ms. A sleeper is some 100 µs late, and whoever waits for it sleeps, too. */
export const PATIENT = 10_000;
/** Sleeps, in milliseconds: short at first, longer once it is clear that somebody is late. */
const SHORT = 0.05;
const LONG = 1;
const SHORT_SLEEPS = 2000;

const sleeper = new Int32Array(new SharedArrayBuffer(4));

/**
 * Returns when a request is done. MPI's own waiting calls never leave the processor: with more ranks than cores, each keeps
 * the others from what it waits for. This tests for a moment, then sleeps between tests.
 *
 * @param most  tests before the first sleep
 */
export function waitFor(native: Native, request: Request, most: number): void {
  for (let tests = 0; !native.test(request); tests++) {
    if (tests >= most) Atomics.wait(sleeper, 0, 0, tests < most + SHORT_SLEEPS ? SHORT : LONG);
  }
}
