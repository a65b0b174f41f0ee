/**
 * y = x·Wᵀ + b, with W [out, in] as PyTorch keeps it.
 * Backward: dx = dy·W, dW = dyᵀ·x, db = Σ dy.
 */
import type { Place } from "../device/device.ts";
import { tasksOf } from "../kernels/tasks.ts";
import type { Emitter } from "../plan/site.ts";
import { columnSums } from "./combine.ts";

export interface LinearShape {
  readonly rows: number;
  readonly inputs: number;
  readonly outputs: number;
}

export interface LinearPlaces {
  x: Place; // f32 [rows, in]
  y: Place; // f32 [rows, out]
  weight: Place; // f32 [out, in]
  bias: Place | null; // f32 [out]
}

export interface LinearGradients {
  dy: Place; // f32 [rows, out]
  dx: Place | null; // f32 [rows, in]; null: not wanted, as the others
  dweight: Place | null; // f32 [out, in]
  dbias: Place | null; // f32 [out]
}

export function linear(emitter: Emitter, { rows, inputs, outputs }: LinearShape, places: LinearPlaces): void {
  const { x, y, weight, bias } = places;
  gemm(emitter, { a: x, b: weight, c: y, bias, m: rows, n: outputs, k: inputs, transposeA: 0, transposeB: 1 });
}

export function linearGrad(
  emitter: Emitter,
  { rows, inputs, outputs }: LinearShape,
  { x, weight }: LinearPlaces,
  { dy, dx, dweight, dbias }: LinearGradients,
): void {
  const none = { bias: null, transposeB: 0 } as const;
  if (dweight) gemm(emitter, { a: dy, b: x, c: dweight, m: outputs, n: inputs, k: rows, transposeA: 1, ...none });
  if (dbias) columnSums(emitter, dy, rows, outputs, dbias);
  if (dx) gemm(emitter, { a: dy, b: weight, c: dx, m: rows, n: inputs, k: outputs, transposeA: 0, ...none });
}

/** Multiplications worth a task of their own: some 15 µs. */
const GRAIN = 300_000;

interface Gemm {
  a: Place; // f32 [m, k], or [k, m] when transposed
  b: Place; // f32 [k, n], or [n, k] when transposed
  c: Place; // f32 [m, n]
  bias: Place | null; // f32 [n]
  m: number;
  n: number;
  k: number;
  transposeA: 0 | 1;
  transposeB: 0 | 1;
}

/** C = A·B + bias */
export function gemm(emitter: Emitter, args: Gemm): void {
  const { m, n, k } = args;
  const { panel, gemmPanels } = emitter.limits;
  const panels = Math.ceil(n / panel);
  // As few tasks as the limit allows (a task packs A for itself), but two where the work is worth it.
  const least = panel * panels * m * k > 2 * GRAIN ? 2 : 1;
  const panelsPerTask = Math.ceil(panels / Math.max(least, Math.ceil(panels / gemmPanels)));
  emitter.command("gemm", { ...args, panelsPerTask }, tasksOf(panels, panelsPerTask));
}
