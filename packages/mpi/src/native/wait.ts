import type { Native, Request } from "./functions.ts";

/** Tests before the first sleep: some 100 µs. */
const TESTS = 200;
/** Sleeps, in milliseconds: short at first, longer once it is clear that somebody is late. */
const SHORT = 0.05;
const LONG = 1;
const SHORT_SLEEPS = 2000;

const sleeper = new Int32Array(new SharedArrayBuffer(4));

/**
 * Returns when a request is done. MPI's own waiting calls never leave the processor: with more ranks than cores, each keeps
 * the others from what it waits for. This tests for a moment, then sleeps between tests.
 */
export function waitFor(native: Native, request: Request): void {
  for (let tests = 0; !native.test(request); tests++) {
    if (tests >= TESTS) Atomics.wait(sleeper, 0, 0, tests < TESTS + SHORT_SLEEPS ? SHORT : LONG);
  }
}
