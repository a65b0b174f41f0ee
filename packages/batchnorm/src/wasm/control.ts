/**
 * The control block of assembly/threads.ts: where its words are, for the host's side. It is at the beginning of memory,
 * so a view of the first page serves however the memory grows.
 */

export const CONTROL = 64;
export const CONTROL_BYTES = 320;
/** Words: how many threads wait on the bell; 1 where a kernel failed; the command that is being run. */
export const ASLEEP = (CONTROL + 132) >> 2;
export const FAILED = (CONTROL + 144) >> 2;
export const COMMAND = (CONTROL + 256) >> 2;
