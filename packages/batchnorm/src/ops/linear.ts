/**
 * y = x·Wᵀ + b, with W [out, in] as PyTorch keeps it.
 * Backward: dx = dy·W, dW = dyᵀ·x, db = Σ dy.
 */
import type { Arena } from "../engine/arena.ts";
import type { Call, Engine } from "../engine/engine.ts";
import { limits, limitsOf } from "../kernels/contract.ts";
import { columnSumsCall } from "./combine.ts";
import { tasksOf } from "./layout.ts";

export interface LinearBuffers {
  x: number; // f32 [rows, in]
  y: number; // f32 [rows, out]
  dy: number; // f32 [rows, out]; 0: no backward pass
  dx: number; // f32 [rows, in]; 0: not wanted
  weight: number; // f32 [out, in]
  bias: number; // f32 [out], or 0
  dweight: number; // f32 [out, in]
  dbias: number; // f32 [out], or 0
}

export class LinearOp {
  readonly #forward: Call<"gemm">;
  readonly #backward: Call[] = [];

  constructor(engine: Engine, arena: Arena, rows: number, inputs: number, outputs: number, buffers: LinearBuffers) {
    const { x, y, dy, dx, weight, bias, dweight, dbias } = buffers;
    this.#forward = gemm(engine, arena, x, weight, y, bias, rows, outputs, inputs, 0, 1);
    if (!dy) return;
    this.#backward.push(gemm(engine, arena, dy, x, dweight, 0, outputs, inputs, rows, 1, 0) as Call);
    if (dbias) this.#backward.push(columnSumsCall(engine, arena, dy, rows, outputs, dbias));
    if (dx) this.#backward.push(gemm(engine, arena, dy, weight, dx, 0, rows, inputs, outputs, 0, 0) as Call);
  }

  forward(): void {
    this.#forward.run();
  }

  backward(): void {
    for (const call of this.#backward) call.run();
  }
}

/** Multiplications worth a task of their own: some 15 µs. */
const GRAIN = 300_000;

/** C [m, n] = A·B + bias; A is [m, k], or [k, m] when transposed; B is [k, n], or [n, k] when transposed. */
export function gemm(
  engine: Engine,
  arena: Arena,
  a: number,
  b: number,
  c: number,
  bias: number,
  m: number,
  n: number,
  k: number,
  transposeA: 0 | 1,
  transposeB: 0 | 1,
): Call<"gemm"> {
  const { panel } = limitsOf(engine.build);
  const panels = Math.ceil(n / panel);
  // As few tasks as the limit allows (a task packs A for itself), but two where the work is worth it.
  const least = panel * panels * m * k > 2 * GRAIN ? 2 : 1;
  const panelsPerTask = Math.ceil(panels / Math.max(least, Math.ceil(panels / limits.gemmPanels)));
  const args = { a, b, c, bias, m, n, k, transposeA, transposeB, panelsPerTask };
  return engine.call(arena, "gemm", args, tasksOf(panels, panelsPerTask));
}
