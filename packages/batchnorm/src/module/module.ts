import type { Graph, Value } from "../plan/graph.ts";
import { Layer } from "./layer.ts";

/**
 * A layer made of others: they are its fields, whose names are those of the state dict, and `compose` says how they make
 * up the whole.
 *
 *     class Block extends Module {
 *       readonly conv1 = new Conv2d(16, 16, 3, { padding: 1, bias: false });
 *       readonly bn1 = new BatchNorm(16);
 *       readonly relu = new ReLU();
 *
 *       override compose(x: Value): Value {
 *         return this.relu.of(add(this.bn1.of(this.conv1.of(x)), x));
 *       }
 *     }
 *
 * `compose` runs once for a shape of input, on shapes alone; the backward pass follows by itself. Any graph without
 * circles can be said. A layer used twice shares its weights, whose gradients add up; a batch norm used twice updates its
 * running statistics at each use.
 */
export abstract class Module extends Layer {
  abstract compose(...inputs: Value[]): Value;

  override trace(_graph: Graph, inputs: readonly Value[]): Value {
    return this.compose(...inputs);
  }
}
