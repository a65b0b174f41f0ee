/**
 * How threads share out the tasks of one kernel call. All state is in a control block in shared memory, whose layout is
 * `control` of src/kernels/contract/limits.ts:
 *
 *   ticket  i64  epoch (32 bits) · tasks (16) · next task (16)
 *   done    i32  tasks finished in this epoch
 *   bell    i32  rung when there is something to do; sleepers wait on it
 *   asleep  i32  how many threads wait on the bell
 *   parked  i32  1 while the caller waits on `done`
 *   closed  i32  1 when the threads should end
 *
 * A task is taken by a compare-and-swap on the ticket, so a task belongs to the epoch it was taken in, and an epoch
 * cannot end before its tasks are done: what the caller wrote before opening it (kernel, arguments) is safe to read.
 * A thread that the system has stopped holds nobody up unless it has taken a task.
 */
import { CONTROL_ASLEEP, CONTROL_BELL, CONTROL_CLOSED, CONTROL_DONE, CONTROL_PARKED, CONTROL_TICKET } from "./limits.gen";

/** About 30 µs: longer than the gap between two kernels of a training step, shorter than a wake-up. */
const SPINS: i32 = 20000;

/** The caller opens an epoch of `tasks` tasks (at most 65,535) and wakes who sleeps. */
export function open(control: usize, tasks: i32): void {
  const epoch = (atomic.load<i64>(control + CONTROL_TICKET) >> 32) + 1;
  atomic.store<i32>(control, 0, CONTROL_DONE);
  atomic.store<i64>(control + CONTROL_TICKET, (epoch << 32) | (<i64>tasks << 16));
  ring(control);
  if (atomic.load<i32>(control, CONTROL_ASLEEP) > 0) atomic.notify(control + CONTROL_BELL, -1);
}

/** The bell counts; it skips 0, which means closed. */
function ring(control: usize): void {
  const bell = atomic.load<i32>(control, CONTROL_BELL) + 1;
  atomic.store<i32>(control, bell == 0 ? 1 : bell, CONTROL_BELL);
}

/** The next task, or −1 when none is left. */
export function take(control: usize): i32 {
  let ticket = atomic.load<i64>(control + CONTROL_TICKET);
  while (true) {
    const next = <i32>(ticket & 0xffff);
    if (next >= <i32>((ticket >> 16) & 0xffff)) return -1;
    const seen = atomic.cmpxchg<i64>(control + CONTROL_TICKET, ticket, ticket + 1);
    if (seen == ticket) return next;
    ticket = seen;
  }
}

/** One task is finished; whoever finishes the last one wakes the caller if it sleeps. */
export function finish(control: usize): void {
  const tasks = <i32>((atomic.load<i64>(control + CONTROL_TICKET) >> 16) & 0xffff);
  if (atomic.add<i32>(control, 1, CONTROL_DONE) + 1 == tasks && atomic.load<i32>(control, CONTROL_PARKED)) atomic.notify(control + CONTROL_DONE, 1);
}

/** The caller, out of tasks itself, waits for the rest: it spins, then sleeps where it may. */
export function join(control: usize, tasks: i32, maySleep: bool): void {
  let spins = 0;
  while (true) {
    const done = atomic.load<i32>(control, CONTROL_DONE);
    if (done == tasks) return;
    if (++spins < SPINS || !maySleep) continue;
    atomic.store<i32>(control, 1, CONTROL_PARKED);
    // A millisecond at most: the flag above may have come too late for the last task's finisher to see it.
    if (atomic.load<i32>(control, CONTROL_DONE) != tasks) atomic.wait<i32>(control + CONTROL_DONE, done, 1000000);
    atomic.store<i32>(control, 0, CONTROL_PARKED);
  }
}

/** A worker waits until the bell differs from `heard`; gives what it heard now, or 0 when the pool is closed. */
export function listen(control: usize, heard: i32): i32 {
  let spins = 0;
  while (true) {
    if (atomic.load<i32>(control, CONTROL_CLOSED)) return 0;
    const bell = atomic.load<i32>(control, CONTROL_BELL);
    if (bell != heard) return bell;
    if (++spins < SPINS) continue;
    atomic.add<i32>(control, 1, CONTROL_ASLEEP);
    atomic.wait<i32>(control + CONTROL_BELL, heard, -1);
    atomic.sub<i32>(control, 1, CONTROL_ASLEEP);
    spins = 0;
  }
}

/** Ends the pool's threads. */
export function close(control: usize): void {
  atomic.store<i32>(control, 1, CONTROL_CLOSED);
  ring(control);
  atomic.notify(control + CONTROL_BELL, -1);
}
