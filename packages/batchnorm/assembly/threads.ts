/**
 * How threads walk a list of commands together, without coming back to their hosts between two of them. A command in a
 * list is four i32: the kernel's number, the address of its arguments, its tasks, and one unused.
 *
 * All state is in a control block in shared memory, what different threads write on cache lines of its own:
 *
 *    0  i64  ticket: epoch (28 bits) · command (20) · next task (16)
 *   64  i32  done: tasks finished of the ticket's command
 *  128  i32  bell: rung when there is a list to walk; sleepers wait on it
 *  132  i32  asleep: how many threads wait on the bell
 *  136  i32  closed: 1 when the threads should end
 *  140  i32  inside: how many workers are between the bell and the end of a list
 *  144  i32  failed: 1 when a kernel has failed
 *  148  i32  waiting: how many threads sleep until the ticket changes
 *  192  i64  list: how many commands (32 bits) · address of the first (32), in one word so that nobody sees half of each
 *  256  i32  the command that failed, or that a single thread is at
 *
 * A task is taken by a compare-and-swap on the ticket, so it belongs to the epoch, command and list that the ticket was
 * of; whoever finishes the last task of a command opens the next one. Between two lists the ticket names no command, so
 * that nobody takes a task while the caller exchanges them. A thread that the system has stopped holds nobody up unless
 * it has taken a task.
 */
import { dispatch } from "./dispatch.gen";

/** About 30 µs: longer than the gap between two commands of a training step, shorter than a wake-up. */
const SPINS: i32 = 20000;
/** In place of a command's number when a list is through. */
const NONE: i32 = 0xfffff;
/** A sleeper looks again after a millisecond: the call to wake may have come just before it fell asleep. */
const NAP: i64 = 1000000;

/** All tasks of all commands, in their order, by one thread. */
export function walkAlone(control: usize, list: usize, count: i32): void {
  for (let i = 0; i < count; i++, list += 16) {
    store<i32>(control, i, 256);
    const kernel = load<i32>(list);
    const args = <usize>load<i32>(list, 4);
    const tasks = load<i32>(list, 8);
    for (let task = 0; task < tasks; task++) dispatch(kernel, args, task);
  }
}

/** The caller opens a list and wakes who sleeps; then it walks itself. */
export function open(control: usize, list: usize, count: i32): void {
  atomic.store<i64>(control, (<i64>count << 32) | <i64>list, 192);
  atomic.store<i32>(control, 0, 64);
  const epoch = (atomic.load<i64>(control) >> 36) + 1;
  atomic.store<i64>(control, (epoch << 36) | ((<i64>(count == 0 ? NONE : 0)) << 16));
  const bell = atomic.load<i32>(control, 128) + 1;
  // The bell counts; it skips 0, which means closed.
  atomic.store<i32>(control, bell == 0 ? 1 : bell, 128);
  if (atomic.load<i32>(control, 132) > 0) atomic.notify(control + 128, -1);
}

/** Takes tasks until the list is through. Where it may sleep, it does so while another's task takes long. */
export function walk(control: usize, maySleep: bool): void {
  let spins = 0;
  while (!atomic.load<i32>(control, 144)) {
    const ticket = atomic.load<i64>(control);
    const command = <i32>((ticket >> 16) & 0xfffff);
    if (command == NONE) return;
    const list = atomic.load<i64>(control, 192);
    if (command >= <i32>(list >> 32)) continue; // of another list than the ticket
    const at = <usize>(list & 0xffffffff) + (<usize>command << 4);
    const tasks = load<i32>(at, 8);
    const task = <i32>(ticket & 0xffff);
    if (task >= tasks) {
      // All taken: whoever has the last opens the next command.
      if (++spins >= SPINS && maySleep) nap(control, ticket);
      continue;
    }
    // Only where the ticket still stands were list and tasks those of its command.
    if (atomic.cmpxchg<i64>(control, ticket, ticket + 1) != ticket) continue;
    dispatch(load<i32>(at), <usize>load<i32>(at, 4), task);
    spins = 0;
    if (atomic.add<i32>(control, 1, 64) + 1 == tasks) advance(control, ticket, command + 1);
  }
}

/** The next command, or the end of the list. */
function advance(control: usize, ticket: i64, next: i32): void {
  atomic.store<i32>(control, 0, 64);
  const command = next < <i32>(atomic.load<i64>(control, 192) >> 32) ? next : NONE;
  atomic.store<i64>(control, ((ticket >> 36) << 36) | (<i64>command << 16));
  if (atomic.load<i32>(control, 148) > 0) atomic.notify(control, -1);
}

/** Sleeps until the ticket is another one, a little while at most. */
function nap(control: usize, ticket: i64): void {
  atomic.add<i32>(control, 1, 148);
  atomic.wait<i64>(control, ticket, NAP);
  atomic.sub<i32>(control, 1, 148);
}

/** A kernel has failed in this thread: nobody takes another task. */
export function fail(control: usize): void {
  store<i32>(control, <i32>((atomic.load<i64>(control) >> 16) & 0xfffff), 256);
  atomic.store<i32>(control, 1, 144);
  atomic.notify(control, -1);
}

/** After a failure the caller waits until no worker is at work, and makes ready for another list. */
export function settle(control: usize): void {
  while (atomic.load<i32>(control, 140) > 0) {}
  const epoch = atomic.load<i64>(control) >> 36;
  atomic.store<i64>(control, (epoch << 36) | (<i64>NONE << 16));
  atomic.store<i32>(control, 0, 144);
}

/** A worker waits until the bell differs from `heard`; gives what it heard now, or 0 when the pool is closed. */
export function listen(control: usize, heard: i32): i32 {
  // It was inside, unless this is the first time.
  if (heard != 0) atomic.sub<i32>(control, 1, 140);
  let spins = 0;
  while (true) {
    if (atomic.load<i32>(control, 136)) return 0;
    const bell = atomic.load<i32>(control, 128);
    if (bell != heard) {
      atomic.add<i32>(control, 1, 140);
      return bell;
    }
    if (++spins < SPINS) continue;
    atomic.add<i32>(control, 1, 132);
    atomic.wait<i32>(control + 128, heard, -1);
    atomic.sub<i32>(control, 1, 132);
    spins = 0;
  }
}

/** Ends the pool's threads. */
export function close(control: usize): void {
  atomic.store<i32>(control, 1, 136);
  const bell = atomic.load<i32>(control, 128) + 1;
  atomic.store<i32>(control, bell == 0 ? 1 : bell, 128);
  atomic.notify(control + 128, -1);
}
