/**
 * How threads share out the tasks of one kernel call. All state is in a control block in shared memory:
 *
 *   0  i64  ticket: epoch (32 bits) · tasks (16) · next task (16)
 *   8  i32  done: tasks finished in this epoch
 *  12  i32  bell: rung when there is something to do; sleepers wait on it
 *  16  i32  asleep: how many threads wait on the bell
 *  20  i32  parked: 1 while the caller waits on `done`
 *  24  i32  closed: 1 when the threads should end
 *
 * A task is taken by a compare-and-swap on the ticket, so a task belongs to the epoch it was taken in, and an epoch
 * cannot end before its tasks are done: what the caller wrote before opening it (kernel, arguments) is safe to read.
 * A thread that the system has stopped holds nobody up unless it has taken a task.
 */

/** About 30 µs: longer than the gap between two kernels of a training step, shorter than a wake-up. */
const SPINS: i32 = 20000;

/** The caller opens an epoch of `tasks` tasks (at most 65,535) and wakes who sleeps. */
export function open(control: usize, tasks: i32): void {
  const epoch = (atomic.load<i64>(control) >> 32) + 1;
  atomic.store<i32>(control, 0, 8);
  atomic.store<i64>(control, (epoch << 32) | (<i64>tasks << 16));
  ring(control);
  if (atomic.load<i32>(control, 16) > 0) atomic.notify(control + 12, -1);
}

/** The bell counts; it skips 0, which means closed. */
function ring(control: usize): void {
  const bell = atomic.load<i32>(control, 12) + 1;
  atomic.store<i32>(control, bell == 0 ? 1 : bell, 12);
}

/** The next task, or −1 when none is left. */
export function take(control: usize): i32 {
  let ticket = atomic.load<i64>(control);
  while (true) {
    const next = <i32>(ticket & 0xffff);
    if (next >= <i32>((ticket >> 16) & 0xffff)) return -1;
    const seen = atomic.cmpxchg<i64>(control, ticket, ticket + 1);
    if (seen == ticket) return next;
    ticket = seen;
  }
}

/** One task is finished; whoever finishes the last one wakes the caller if it sleeps. */
export function finish(control: usize): void {
  const tasks = <i32>((atomic.load<i64>(control) >> 16) & 0xffff);
  if (atomic.add<i32>(control, 1, 8) + 1 == tasks && atomic.load<i32>(control, 20)) atomic.notify(control + 8, 1);
}

/** The caller, out of tasks itself, waits for the rest: it spins, then sleeps where it may. */
export function join(control: usize, tasks: i32, maySleep: bool): void {
  let spins = 0;
  while (true) {
    const done = atomic.load<i32>(control, 8);
    if (done == tasks) return;
    if (++spins < SPINS || !maySleep) continue;
    atomic.store<i32>(control, 1, 20);
    // A millisecond at most: the flag above may have come too late for the last task's finisher to see it.
    if (atomic.load<i32>(control, 8) != tasks) atomic.wait<i32>(control + 8, done, 1000000);
    atomic.store<i32>(control, 0, 20);
  }
}

/** A worker waits until the bell differs from `heard`; gives what it heard now, or 0 when the pool is closed. */
export function listen(control: usize, heard: i32): i32 {
  let spins = 0;
  while (true) {
    if (atomic.load<i32>(control, 24)) return 0;
    const bell = atomic.load<i32>(control, 12);
    if (bell != heard) return bell;
    if (++spins < SPINS) continue;
    atomic.add<i32>(control, 1, 16);
    atomic.wait<i32>(control + 12, heard, -1);
    atomic.sub<i32>(control, 1, 16);
    spins = 0;
  }
}

/** Ends the pool's threads. */
export function close(control: usize): void {
  atomic.store<i32>(control, 1, 24);
  ring(control);
  atomic.notify(control + 12, -1);
}
