/**
 * How many channels a tensor has, as a type: loops over the usual numbers are compiled with strides that are constants,
 * which become part of the loads and stores themselves; one more is compiled for every other number.
 */
export class C16 {}
export class C32 {}
export class C64 {}
export class Some {}

/** Bytes of a pixel. */
export function pixelBytes<C>(channels: i32): usize {
  if (idof<C>() == idof<C16>()) return 64;
  if (idof<C>() == idof<C32>()) return 128;
  if (idof<C>() == idof<C64>()) return 256;
  return <usize>channels << 2;
}
