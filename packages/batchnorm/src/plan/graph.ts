import { BatchNormError, check } from "../errors.ts";
import { checkOptions } from "../options.ts";
import { nameOf } from "../tensor/arrays.ts";
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
  /** What went into each layer, those made of others too: into one that is used again, what went in at each use. */
  readonly entered = new Map<Traceable, readonly Value[]>();
  readonly #pathOf: (layer: Traceable) => string | null;
  readonly #shapes: boolean;
  /** Those around the one that is being composed. */
  readonly #within: string[] = [];
  #begun = false;

  /**
   * @param pathOf  a layer's path in the model; null for one that is not in it
   * @param options `shapes` false: only what follows what is of interest; all values have the shape []
   */
  constructor(pathOf: (layer: Traceable) => string | null, options: { shapes?: boolean } = {}) {
    checkOptions("Graph", options, ["shapes"]);
    const { shapes = true } = options;
    this.#pathOf = pathOf;
    this.#shapes = shapes;
  }

  /** A value that comes from outside. */
  input(shape: readonly number[]): Value {
    return new Value(this, Object.freeze([...shape]));
  }

  /**
   * What a layer makes of some values: a model of all its input, in one go; within that, others.
   *
   * @throws BatchNormError E_SHAPE for what is no value, E_STATE for values of another graph, or of this one when its model
   *         is composed already; whatever the layer throws, with its path
   */
  apply(layer: Traceable, inputs: readonly Value[]): Value {
    const own = this.#pathOf(layer);
    const path = own ?? this.#within.at(-1) ?? "";
    const where = layer.constructor.name;
    return locating(layer, path, () => {
      check(own !== null || !layer.attached, "E_STATE", where, () => {
        return "expected a layer that is a field of the module that uses it, or in an array there; without a name it would be neither trained nor saved. Make it one: `readonly conv = new Conv2d(…)`";
      });
      const over = this.#begun && this.#within.length === 0;
      for (const input of inputs) {
        checkValue(where, input);
        check(input.graph === this && !over, "E_STATE", where, () => {
          return "expected values of the call of compose at hand, got one that was kept from another";
        });
      }
      this.#begun = true;
      this.entered.set(layer, [...(this.entered.get(layer) ?? []), ...inputs]);
      this.#within.push(path);
      try {
        const output = layer.trace(this, inputs);
        check(output instanceof Value && output.graph === this, "E_STATE", where, () => {
          const got = output instanceof Value ? "one that was kept from another call" : nameOf(output);
          return `expected compose to give a value that it was given or that a layer made, got ${got}`;
        });
        return output;
      } finally {
        this.#within.pop();
      }
    });
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

/** What a layer makes of some values, in the graph that they are in. @throws BatchNormError as `Graph.apply` */
export function applied(layer: Traceable, inputs: readonly Value[]): Value {
  const [first] = inputs;
  checkValue(layer.constructor.name, first);
  return first.graph.apply(layer, inputs);
}

function checkValue(where: string, input: unknown): asserts input is Value {
  check(input instanceof Value, "E_SHAPE", where, () => {
    const what = "a value that compose was given or another layer made";
    return `expected ${what}, got ${nameOf(input)}; a tensor is for forward`;
  });
}

/** Does work for the layer at a path: an error that it throws says so, the innermost path where several are around it. */
export function locating<T>(layer: Traceable, path: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (path === "" || (cause instanceof BatchNormError && cause.path !== null)) throw cause;
    if (cause instanceof BatchNormError) throw cause.at(path);
    const what = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
    throw new BatchNormError("E_STATE", layer.constructor.name, what, { cause, path });
  }
}
