/**
 * Batch norm with a ReLU right after it. The backward pass needs to know which values were above zero; it computes them
 * again from x, which it reads anyway. Whether there is a ReLU is a type, so that the loops are compiled for both.
 */
import { above, f4, keep, lane0, load4, loadOne, madd, splat } from "./simd";

export class Plain {}
export class Rectified {}

/** A coefficient of the normalization, where it is needed. */
export function coefficient<T>(p: usize): f4 {
  return idof<T>() == idof<Rectified>() ? load4(p) : splat(0);
}

/** dy where the ReLU let d·scale + shift pass, 0 elsewhere; d is x − center. */
export function passed<T>(dy: f4, d: f4, scale: f4, shift: f4): f4 {
  return idof<T>() == idof<Rectified>() ? keep(dy, above(madd(d, scale, shift), splat(0))) : dy;
}

/** The same for one value, with the addresses of its coefficients. */
export function passedScalar<T>(dy: f32, d: f32, scale: usize, shift: usize): f32 {
  if (idof<T>() != idof<Rectified>()) return dy;
  return lane0(madd(splat(d), loadOne(scale), loadOne(shift))) > 0 ? dy : 0;
}
