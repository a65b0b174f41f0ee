/**
 * How threads walk a list of commands together, without coming back to their hosts between two of them. A command in a
 * list is four i32: the kernel's number, the address of its arguments, its tasks, and one unused.
 *
 * All state is in a control block in shared memory, whose layout is `control` of src/kernels/contract/limits.ts:
 *
 *   ticket   i64  epoch (28 bits) · command (20) · next task (16)
 *   done     i32  tasks finished of the ticket's command
 *   bell     i32  rung when there is a list to walk; sleepers wait on it
 *   asleep   i32  how many threads wait on the bell
 *   closed   i32  1 when the threads should end
 *   inside   i32  how many workers are between the bell and the end of a list
 *   failed   i32  1 when a kernel has failed
 *   waiting  i32  how many threads sleep until the ticket changes
 *   list     i64  how many commands (32 bits) · address of the first (32), in one word so that nobody sees half of each
 *   command  i32  the one that failed, or that a single thread is at
 *
 * A task is taken by a compare-and-swap on the ticket, so it belongs to the epoch, command and list that the ticket was
 * of; whoever finishes the last task of a command opens the next one. Between two lists the ticket names no command, so
 * that nobody takes a task while the caller exchanges them. A thread that the system has stopped holds nobody up unless
 * it has taken a task.
 */
import { dispatch } from "./dispatch.gen";
import {
  CONTROL_ASLEEP,
  CONTROL_BELL,
  CONTROL_CLOSED,
  CONTROL_COMMAND,
  CONTROL_DONE,
  CONTROL_FAILED,
  CONTROL_INSIDE,
  CONTROL_LIST,
  CONTROL_WAITING,
  LIST_COMMANDS,
} from "./limits.gen";

/** About 30 µs: longer than the gap between two commands of a training step, shorter than a wake-up. */
const SPINS: i32 = 20000;
/** In place of a command's number when a list is through. */
const NONE: i32 = LIST_COMMANDS + 1;
/** A sleeper looks again after a millisecond: the call to wake may have come just before it fell asleep. */
const NAP: i64 = 1000000;

/** All tasks of all commands, in their order, by one thread. */
export function walkAlone(control: usize, list: usize, count: i32): void {
  for (let i = 0; i < count; i++, list += 16) {
    store<i32>(control, i, CONTROL_COMMAND);
    const kernel = load<i32>(list);
    const args = <usize>load<i32>(list, 4);
    const tasks = load<i32>(list, 8);
    for (let task = 0; task < tasks; task++) dispatch(kernel, args, task);
  }
}

/** The caller opens a list and wakes who sleeps; then it walks itself. */
export function open(control: usize, list: usize, count: i32): void {
  atomic.store<i64>(control, (<i64>count << 32) | <i64>list, CONTROL_LIST);
  atomic.store<i32>(control, 0, CONTROL_DONE);
  const epoch = (atomic.load<i64>(control) >> 36) + 1;
  atomic.store<i64>(control, (epoch << 36) | ((<i64>(count == 0 ? NONE : 0)) << 16));
  const bell = atomic.load<i32>(control, CONTROL_BELL) + 1;
  // The bell counts; it skips 0, which means closed.
  atomic.store<i32>(control, bell == 0 ? 1 : bell, CONTROL_BELL);
  if (atomic.load<i32>(control, CONTROL_ASLEEP) > 0) atomic.notify(control + CONTROL_BELL, -1);
}

/** Takes tasks until the list is through. Where it may sleep, it does so while another's task takes long. */
export function walk(control: usize, maySleep: bool): void {
  let spins = 0;
  while (!atomic.load<i32>(control, CONTROL_FAILED)) {
    const ticket = atomic.load<i64>(control);
    const command = <i32>((ticket >> 16) & 0xfffff);
    if (command == NONE) return;
    const list = atomic.load<i64>(control, CONTROL_LIST);
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
    if (atomic.add<i32>(control, 1, CONTROL_DONE) + 1 == tasks) advance(control, ticket, command + 1);
  }
}

/** The next command, or the end of the list. */
function advance(control: usize, ticket: i64, next: i32): void {
  atomic.store<i32>(control, 0, CONTROL_DONE);
  const command = next < <i32>(atomic.load<i64>(control, CONTROL_LIST) >> 32) ? next : NONE;
  atomic.store<i64>(control, ((ticket >> 36) << 36) | (<i64>command << 16));
  if (atomic.load<i32>(control, CONTROL_WAITING) > 0) atomic.notify(control, -1);
}

/** Sleeps until the ticket is another one, a little while at most. */
function nap(control: usize, ticket: i64): void {
  atomic.add<i32>(control, 1, CONTROL_WAITING);
  atomic.wait<i64>(control, ticket, NAP);
  atomic.sub<i32>(control, 1, CONTROL_WAITING);
}

/** A kernel has failed in this thread: nobody takes another task. */
export function fail(control: usize): void {
  store<i32>(control, <i32>((atomic.load<i64>(control) >> 16) & 0xfffff), CONTROL_COMMAND);
  atomic.store<i32>(control, 1, CONTROL_FAILED);
  atomic.notify(control, -1);
}

/** After a failure the caller waits until no worker is at work, and makes ready for another list. */
export function settle(control: usize): void {
  while (atomic.load<i32>(control, CONTROL_INSIDE) > 0) {}
  const epoch = atomic.load<i64>(control) >> 36;
  atomic.store<i64>(control, (epoch << 36) | (<i64>NONE << 16));
  // Nobody is; a caller that was stopped in its sleep has not said so.
  atomic.store<i32>(control, 0, CONTROL_WAITING);
  atomic.store<i32>(control, 0, CONTROL_FAILED);
}

/** A worker waits until the bell differs from `heard`; gives what it heard now, or 0 when the pool is closed. */
export function listen(control: usize, heard: i32): i32 {
  // It was inside, unless this is the first time.
  if (heard != 0) atomic.sub<i32>(control, 1, CONTROL_INSIDE);
  let spins = 0;
  while (true) {
    if (atomic.load<i32>(control, CONTROL_CLOSED)) return 0;
    const bell = atomic.load<i32>(control, CONTROL_BELL);
    if (bell != heard) {
      atomic.add<i32>(control, 1, CONTROL_INSIDE);
      return bell;
    }
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
  const bell = atomic.load<i32>(control, CONTROL_BELL) + 1;
  atomic.store<i32>(control, bell == 0 ? 1 : bell, CONTROL_BELL);
  atomic.notify(control + CONTROL_BELL, -1);
}
