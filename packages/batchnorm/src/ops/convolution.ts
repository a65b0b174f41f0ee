import type { Arena } from "../engine/arena.ts";
import type { Engine } from "../engine/engine.ts";
import { limitsOf } from "../kernels/contract.ts";
import { type ConvBuffers, type ConvOp, type ConvShape, DirectConv } from "./conv.ts";
import { WinogradConv, winogradTakes } from "./winograd.ts";

/**
 * The fastest way for the shape, unless the engine is to be accurate.
 *
 * @param relu  with a ReLU after it: only where there is no backward pass
 */
export function convolution(
  engine: Engine,
  arena: Arena,
  shape: ConvShape,
  buffers: ConvBuffers,
  relu: boolean,
): ConvOp {
  const winograd = engine.convolution === "fast" && winogradTakes(shape, limitsOf(engine.build).panel);
  return new (winograd ? WinogradConv : DirectConv)(engine, arena, shape, buffers, relu);
}
