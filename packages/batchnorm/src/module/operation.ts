import type { Bindable, Epilogue, Graph, Value } from "../plan/graph.ts";
import type { Site } from "../plan/site.ts";
import { Layer } from "./layer.ts";

/**
 * A layer that says of what commands it is made: `infer` what shape comes out, `bind` what is done. Both run once for a
 * shape; then a plan goes through the commands.
 */
export abstract class Operation extends Layer implements Bindable {
  /** @throws BatchNormError when it does not take values of such shapes */
  abstract infer(...inputs: (readonly number[])[]): readonly number[];

  /** Asks the site for its output, adds the commands that fill it, and says what its backward pass is. */
  abstract bind(site: Site): void;

  /** What it is to the operation before it, if that takes it along in the same pass. */
  get epilogue(): Epilogue | null {
    return null;
  }

  /** Whether it takes an epilogue along. @param backward  whether gradients are wanted, too */
  fuses(_epilogue: Epilogue, _input: readonly number[], _backward: boolean): boolean {
    return false;
  }

  override trace(graph: Graph, inputs: readonly Value[]): Value {
    return graph.node(this, inputs);
  }
}
