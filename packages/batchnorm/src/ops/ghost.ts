/**
 * Ghost batch norm: groups of a batch's examples, each normalized by statistics of its own.
 *
 * @see Hoffer, Hubara & Soudry 2017, "Train longer, generalize better"
 */
import type { Arena } from "../engine/arena.ts";
import type { Engine } from "../engine/engine.ts";
import { type BatchNormBuffers, BatchNormOp } from "./batchnorm.ts";
import type { Layout } from "./layout.ts";

/** How many examples each group has: `size`, and the last one those left over too, so that no group is smaller. */
export function groupSizes(examples: number, size: number): number[] {
  const groups = Math.max(1, Math.floor(examples / size));
  return Array.from({ length: groups }, (_, i) => (i < groups - 1 ? size : examples - (groups - 1) * size));
}

/**
 * A batch norm op for each group of consecutive examples, in their order.
 *
 * @param layout    of the whole batch, examples outermost
 * @param examples  how many each group has
 */
export function ghostOps(
  engine: Engine,
  arena: Arena,
  layout: Layout,
  eps: number,
  buffers: BatchNormBuffers,
  relu: boolean,
  examples: readonly number[],
): BatchNormOp[] {
  if (examples.length === 1) return [new BatchNormOp(engine, arena, layout, eps, buffers, relu)];
  const rows = layout.outer / examples.reduce((sum, n) => sum + n, 0);
  let before = 0;
  return examples.map((n) => {
    const offset = 4 * before * rows * layout.channels * layout.inner;
    const at = (address: number) => address && address + offset;
    before += n;
    const { x, y, dy, dx } = buffers;
    const own = { ...buffers, x: at(x), y: at(y), dy: at(dy), dx: at(dx), dgamma: 0, dbeta: 0 };
    return new BatchNormOp(engine, arena, { ...layout, outer: n * rows }, eps, own, relu);
  });
}

/** After the backward passes of all groups: dgamma and dbeta are the groups' sums. */
export function addGhostGradients(
  engine: Engine,
  ops: readonly BatchNormOp[],
  { dgamma, dbeta }: BatchNormBuffers,
): void {
  if (ops.length === 1) return;
  const { f32 } = engine.memory;
  const add = (to: number, of: "gamma" | "beta") => {
    for (let c = 0; to && c < ops[0].channels; c++) {
      let sum = 0;
      for (const op of ops) sum += op.gradients[of][c];
      f32[(to >> 2) + c] = sum;
    }
  };
  add(dgamma, "gamma");
  add(dbeta, "beta");
}
