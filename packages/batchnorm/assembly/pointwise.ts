/**
 * Activations, one value at a time. A task takes `perTask` values, a multiple of 4. The values after the last multiple
 * of 4 pass through scratch memory, so that they get the same arithmetic, and the same bits, wherever they lie.
 */
import { sigmoid4, tanh4 } from "./math";
import { scratch } from "./scratch";
import { above, atLeast, f4, greater, hash4, keep, load4, mul, splat, store4, sub } from "./simd";
import { Activation, ActivationGrad, Dropout } from "./structs.gen";

/** Which activation: a type, so that the loops below are compiled once for each, with nothing left to decide. */
class Sigmoid {}
class Tanh {}
class Relu {}

function activate<T>(x: f4): f4 {
  if (idof<T>() == idof<Sigmoid>()) return sigmoid4(x);
  if (idof<T>() == idof<Tanh>()) return tanh4(x);
  return greater(x, splat(0));
}

/** dx from y and dy. */
function derive<T>(y: f4, dy: f4): f4 {
  if (idof<T>() == idof<Sigmoid>()) return mul(dy, mul(y, sub(splat(1), y)));
  if (idof<T>() == idof<Tanh>()) return mul(dy, sub(splat(1), mul(y, y)));
  return keep(dy, above(y, splat(0)));
}

function forward<T>(args: Activation, task: i32): void {
  let at = <usize>(task * args.perTask) << 2;
  const end = min(at + (<usize>args.perTask << 2), <usize>args.count << 2);
  for (; at + 16 <= end; at += 16) store4(args.y + at, activate<T>(load4(args.x + at)));
  if (at < end) {
    memory.copy(scratch, args.x + at, end - at);
    store4(scratch, activate<T>(load4(scratch)));
    memory.copy(args.y + at, scratch, end - at);
  }
}

function backward<T>(args: ActivationGrad, task: i32): void {
  let at = <usize>(task * args.perTask) << 2;
  const end = min(at + (<usize>args.perTask << 2), <usize>args.count << 2);
  for (; at + 16 <= end; at += 16) store4(args.dx + at, derive<T>(load4(args.y + at), load4(args.dy + at)));
  if (at < end) {
    memory.copy(scratch, args.y + at, end - at);
    memory.copy(scratch + 16, args.dy + at, end - at);
    store4(scratch, derive<T>(load4(scratch), load4(scratch, 16)));
    memory.copy(args.dx + at, scratch, end - at);
  }
}

export function sigmoid(args: Activation, task: i32): void {
  forward<Sigmoid>(args, task);
}
export function sigmoidGrad(args: ActivationGrad, task: i32): void {
  backward<Sigmoid>(args, task);
}
export function tanh(args: Activation, task: i32): void {
  forward<Tanh>(args, task);
}
export function tanhGrad(args: ActivationGrad, task: i32): void {
  backward<Tanh>(args, task);
}
export function relu(args: Activation, task: i32): void {
  forward<Relu>(args, task);
}
export function reluGrad(args: ActivationGrad, task: i32): void {
  backward<Relu>(args, task);
}

/** The mask is a function of (key, index): the backward pass calls this again on dy, and no mask is stored. */
export function dropout(args: Dropout, task: i32): void {
  let at = <usize>(task * args.perTask) << 2;
  const end = min(at + (<usize>args.perTask << 2), <usize>args.count << 2);
  const scale = splat(args.scale);
  const key = load<i32>(args.key);
  const first = load<i32>(args.first);
  for (; at < end; at += 16) {
    const mask = atLeast(hash4(first + <i32>(at >> 2), key), args.limit);
    if (at + 16 <= end) store4(args.y + at, keep(mul(load4(args.x + at), scale), mask));
    else {
      memory.copy(scratch, args.x + at, end - at);
      store4(scratch, keep(mul(load4(scratch), scale), mask));
      memory.copy(args.y + at, scratch, end - at);
    }
  }
}
