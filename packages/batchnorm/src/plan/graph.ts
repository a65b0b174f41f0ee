import { BatchNormError, check } from "../errors.ts";
import { sizeOf } from "../tensor/shape.ts";
import type { Parameter } from "./parameter.ts";
import type { Epilogue, Site } from "./site.ts";

export type { Epilogue } from "./site.ts";

/** A value that passes between layers while a model is composed: its shape alone. */
export class Value {
  readonly shape: readonly number[];
  readonly size: number;
  readonly graph: Graph;

  constructor(graph: Graph, shape: readonly number[]) {
    this.graph = graph;
    this.shape = shape;
    this.size = sizeOf(shape);
  }
}

/** What can be put into a graph: a layer, made of others or not; so is an addition. */
export interface Traceable {
  readonly constructor: { readonly name: string };
  /** Whether it must be a field of the model: it has, or may have, something that is kept. */
  readonly attached: boolean;
  /** What it makes of some values: of itself a node, of what is made of others theirs. */
  trace(graph: Graph, inputs: readonly Value[]): Value;
}

/** An operation, as far as graph and plan know it. */
export interface Bindable extends Traceable {
  /** The shape of what comes out. @throws BatchNormError when it does not take such inputs */
  infer(...inputs: (readonly number[])[]): readonly number[];
  /** Adds the commands that it is made of. */
  bind(site: Site): void;
  /** Parameters of its own. */
  ownParameters(): Record<string, Parameter | null>;
  /** What it is to the operation before it, if that takes it along. */
  readonly epilogue: Epilogue | null;
  /** Whether it takes an epilogue along. @param backward  whether gradients are wanted, too */
  fuses(epilogue: Epilogue, input: readonly number[], backward: boolean): boolean;
}

/** One operation of a model: a layer at a path, what goes in, what comes out. */
export interface Node {
  readonly layer: Bindable;
  /** Of the layer in the model, as in the state dict: "layer1.0.conv2". */
  readonly path: string;
  readonly inputs: readonly Value[];
  readonly output: Value;
}

/** A model as the list of its operations, in an order in which they can run: what composing it leaves. */
export class Graph {
  readonly nodes: Node[] = [];
  /** What went into each layer, those made of others too. */
  readonly entered = new Map<Traceable, readonly Value[]>();
  readonly #pathOf: (layer: Traceable) => string | null;
  readonly #shapes: boolean;
  /** Those around the one that is being composed. */
  readonly #within: string[] = [];

  /**
   * @param pathOf  a layer's path in the model; null for one that is not in it
   * @param shapes  false: only what follows what is of interest; all values have the shape []
   */
  constructor(pathOf: (layer: Traceable) => string | null, { shapes = true }: { shapes?: boolean } = {}) {
    this.#pathOf = pathOf;
    this.#shapes = shapes;
  }

  /** A value that comes from outside. */
  input(shape: readonly number[]): Value {
    return new Value(this, Object.freeze([...shape]));
  }

  /**
   * What a layer makes of some values.
   *
   * @throws BatchNormError E_STATE for values of another model; whatever the layer throws, with its path
   */
  apply(layer: Traceable, inputs: readonly Value[]): Value {
    const own = this.#pathOf(layer);
    const path = own ?? this.#within.at(-1) ?? "";
    try {
      check(own !== null || !layer.attached, "E_STATE", layer.constructor.name, () => {
        return "expected a layer that is a field of the module that uses it, or in an array there; without a name it would be neither trained nor saved. Make it one: `readonly conv = new Conv2d(…)`";
      });
      for (const input of inputs) {
        check(input instanceof Value, "E_SHAPE", layer.constructor.name, () => {
          return "expected a value that compose was given or another layer made; call forward for tensors";
        });
        check(input.graph === this, "E_STATE", layer.constructor.name, () => {
          return "expected values of the call of compose at hand, got one that was kept from another";
        });
      }
      this.#within.push(path);
      this.entered.set(layer, inputs);
      return layer.trace(this, inputs);
    } catch (error) {
      throw located(error, path);
    } finally {
      this.#within.pop();
    }
  }

  /** Adds one operation. */
  node(layer: Bindable, inputs: readonly Value[]): Value {
    const output = this.input(this.#shapes ? layer.infer(...inputs.map(({ shape }) => shape)) : []);
    this.nodes.push({ layer, path: this.#within.at(-1) ?? "", inputs, output });
    return output;
  }

  /** How many operations read a value. */
  readers(value: Value): number {
    return this.nodes.reduce((sum, { inputs }) => sum + inputs.filter((input) => input === value).length, 0);
  }
}

/** The error with the path of the layer, the innermost where several are around it. */
function located(error: unknown, path: string): unknown {
  if (path === "" || (error instanceof BatchNormError && error.path !== null)) return error;
  if (error instanceof BatchNormError) return error.at(path);
  const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return new BatchNormError("E_STATE", "compose", what, { cause: error }).at(path);
}
