/** The control block of assembly/threads.ts, as the host sees it: a view of the first page serves however memory grows. */
import { control, controlAddress } from "../kernels/contract/limits.ts";

export const CONTROL = controlAddress;
/** Words: how many threads wait on the bell; 1 where a kernel failed; the command that failed. */
export const ASLEEP = (CONTROL + control.asleep) >> 2;
export const FAILED = (CONTROL + control.failed) >> 2;
export const COMMAND = (CONTROL + control.command) >> 2;
