/** Models with any graph of small layers, to test binders with: bound as a whole, or computed layer by layer. */
import {
  add,
  BatchNorm,
  concat,
  Dropout,
  Flatten,
  Identity,
  type Layer,
  Linear,
  Module,
  ReLU,
  Sigmoid,
  Tanh,
  Tensor,
  type Value,
} from "batchnorm";
import fc from "fast-check";
import { normals } from "./data.ts";

/** No multiple of four. */
const FEATURES = 5;
const ROWS = 7;
export const SHAPE = [ROWS, FEATURES] as const;

/** By seed: the same layer each time. */
const makers = {
  linear: (seed: number) => linear(FEATURES, seed),
  norm: (seed: number) => norm(seed),
  evalNorm: (seed: number) => norm(seed).eval(),
  frozen: (seed: number) => norm(seed).freeze(),
  relu: () => new ReLU(),
  sigmoid: () => new Sigmoid(),
  tanh: () => new Tanh(),
  flatten: () => new Flatten(),
  identity: () => new Identity(),
  dropout: (seed: number) => new Dropout(0.4, { seed }),
  /** Of two values side by side, so that all values have one shape. */
  concat: (seed: number) => linear(2 * FEATURES, seed),
} satisfies Record<string, (seed: number) => Layer>;
type Made = keyof typeof makers;

function linear(inputs: number, seed: number): Linear {
  const layer = new Linear(inputs, FEATURES);
  layer.weight.data.set(normals(seed, layer.weight.size, 0, 1 / Math.sqrt(inputs)));
  layer.bias?.data.set(normals(seed + 1, FEATURES));
  return layer;
}

function norm(seed: number): BatchNorm {
  const layer = new BatchNorm(FEATURES);
  layer.weight?.data.set(normals(seed, FEATURES, 1, 0.2));
  layer.bias?.data.set(normals(seed + 1, FEATURES));
  layer.setRunningStats(normals(seed + 2, FEATURES), normals(seed + 3, FEATURES).map(Math.abs));
  return layer;
}

/** One operation: of values that were made before it, counted from the last. "again" takes a layer that was used before. */
export interface Step {
  readonly kind: Made | "add" | "again";
  readonly a: number;
  readonly b: number;
}

const kindsBut = (without: readonly Step["kind"][]) =>
  ([...Object.keys(makers), "add", "again"] as Step["kind"][]).filter((kind) => !without.includes(kind));

/** Every kind after every other, with weights before them. */
export function pairsOfKinds(without: readonly Step["kind"][] = []): [string, Step[]][] {
  const kinds = kindsBut(without);
  return kinds.flatMap((first) =>
    kinds.map((second): [string, Step[]] => {
      const steps = (["linear", first, second] as const).map((kind) => ({ kind, a: 0, b: 1 }));
      return [`${second} after ${first}`, steps];
    }),
  );
}

/** Graphs of up to so many operations, values that nobody reads among them. Most of their values are of late. */
export function graphs(most: number, without: readonly Step["kind"][] = []): fc.Arbitrary<Step[]> {
  const kinds = [...kindsBut(without), "add"] as const;
  const step = fc.record({ kind: fc.constantFrom(...kinds), a: fc.nat(4), b: fc.nat(4) });
  return fc.array(step, { minLength: 1, maxLength: most });
}

/** Which layer is used, by its number, if any; on which values, by theirs: 0 is the input. */
interface Use {
  readonly layer: number | null;
  readonly inputs: readonly number[];
}

export class GraphModel extends Module {
  readonly layers: readonly (Layer | null)[];
  readonly #steps: readonly Step[];
  readonly #uses: readonly Use[];

  constructor(steps: readonly Step[]) {
    super();
    this.#steps = steps;
    this.layers = steps.map((_, i) => this.#make(i));
    this.#uses = steps.map(({ kind, a, b }, i) => {
      const first = Math.max(0, i - a);
      if (kind === "add" || kind === "concat") {
        return { layer: kind === "add" ? null : i, inputs: [first, Math.max(0, i - b)] };
      }
      const before = steps.slice(0, i).flatMap((each, j) => (/add|again|concat/.test(each.kind) ? [] : [j]));
      return { layer: kind === "again" ? (before[b % before.length] ?? null) : i, inputs: [first] };
    });
  }

  #make(i: number): Layer | null {
    const { kind } = this.#steps[i];
    return kind === "add" || kind === "again" ? null : makers[kind](10 * i + 1);
  }

  override compose(x: Value): Value {
    const values = [x];
    for (const { layer, inputs } of this.#uses) {
      const [a, b] = inputs.map((input) => values[input]);
      const own = layer === null ? null : (this.layers[layer] as Layer);
      if (own) values.push(own.of(b ? concat(a, b) : a));
      else values.push(b ? add(a, b) : a);
    }
    return values[values.length - 1];
  }

  /** Every use by a layer of its own, of memory that it shares with nobody; gradients of parameters by name. */
  apart(x: Tensor, dy: Tensor): { y: Tensor; dx: Float32Array; gradients: Map<string, Float32Array> } {
    const values = [x];
    const made = this.#uses.map(({ layer, inputs }) => {
      const [a, b] = inputs.map((input) => values[input]);
      const own = layer === null ? null : (this.#make(layer) as Layer);
      if (own) values.push(own.forward(b ? sideBySide(a, b) : a));
      else values.push(b ? new Tensor(sum(a.data, b.data), SHAPE) : a);
      return own;
    });
    const grads: Float32Array[] = values.map(() => new Float32Array(ROWS * FEATURES));
    grads[grads.length - 1] = dy.data;
    const gradients = new Map<string, Float32Array>();
    for (let i = made.length - 1; i >= 0; i--) {
      const { inputs, layer } = this.#uses[i];
      const own = made[i];
      const back = own ? own.backward(new Tensor(grads[i + 1], SHAPE)).data : grads[i + 1];
      const parts = own && inputs.length > 1 ? halves(back) : inputs.map(() => back);
      for (const [j, input] of inputs.entries()) grads[input] = sum(grads[input], parts[j]);
      for (const [name, { grad }] of own?.namedParameters() ?? []) {
        const path = `layers.${layer}.${name}`;
        const before = gradients.get(path);
        const data = grad?.data as Float32Array;
        gradients.set(path, before ? sum(before, data) : data);
      }
    }
    return { y: values[values.length - 1], dx: grads[0], gradients };
  }
}

const sum = (a: Float32Array, b: Float32Array) => a.map((v, i) => v + b[i]);

function sideBySide(a: Tensor, b: Tensor): Tensor {
  const data = new Float32Array(2 * ROWS * FEATURES);
  for (let r = 0; r < ROWS; r++) {
    for (const [j, { data: part }] of [a, b].entries()) {
      data.set(part.subarray(r * FEATURES, (r + 1) * FEATURES), (2 * r + j) * FEATURES);
    }
  }
  return new Tensor(data, [ROWS, 2 * FEATURES]);
}

/** The two halves of every row. */
function halves(whole: Float32Array): Float32Array[] {
  return [0, 1].map((half) => whole.filter((_, i) => Math.floor(i / FEATURES) % 2 === half));
}
