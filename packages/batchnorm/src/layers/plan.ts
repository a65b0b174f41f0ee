import type { Arena } from "../engine/arena.ts";
import type { Engine } from "../engine/engine.ts";
import { Recycler } from "../engine/recycler.ts";
import { check } from "../errors.ts";
import { additionCall } from "../ops/combine.ts";
import { sizeOf } from "../tensor/shape.ts";
import type { Parameter } from "./parameter.ts";

/** A value that passes between layers, and its gradient: addresses of float32. */
export interface Value {
  readonly shape: readonly number[];
  readonly size: number;
  readonly at: number;
  /** 0 where nobody wants it. */
  readonly grad: number;
}

/** Addresses of a parameter and its gradient. */
export interface Slot {
  value: number;
  grad: number;
}

/** What part of a batch a plan's input is, where several processes have a share each. */
export interface Share {
  /** How many examples of the batch come before it. */
  readonly first: number;
  /** It has no examples: the input holds something all the same, which counts for nothing. */
  readonly empty: boolean;
}

/** All of a batch. */
const WHOLE: Share = { first: 0, empty: false };

export interface PlanOptions {
  /** False: no gradients are kept, and there is no backward pass. */
  differentiable: boolean;
  /** Where a parameter is. */
  slotOf: (parameter: Parameter) => Slot;
  /** Parameters do not change any more: what is made of them is made once. Default false. */
  constant?: boolean;
  /** See `Plan.watches`. Default: nobody watches. */
  isWatched?: (layer: Bindable) => boolean;
}

/** What a plan is made of: a layer, as far as a plan knows it. */
export interface Bindable {
  attach(plan: Plan, x: Value): Value;
}

/**
 * A model bound to buffers for one shape of input. Binding happens once: every layer allocates what it needs, fills in
 * the arguments of its kernels, and adds what it does to the two lists. Running goes through the lists and allocates
 * nothing.
 *
 * Values are needed until the backward pass; without one, only until their last reader has run. A gradient is needed from
 * the reader of its value, which writes it, back to what gave the value. So either kind lives while the layers between are
 * bound, and once the last reader is bound (`handOver`) its memory goes to values that come later.
 */
export class Plan {
  readonly engine: Engine;
  readonly arena: Arena;
  /** False: no gradients are kept, and there is no backward pass. */
  readonly differentiable: boolean;
  /** What goes into each layer that is watched. */
  readonly inputs = new Map<Bindable, Value>();
  /** To be set before a forward pass. */
  share: Share = WHOLE;
  readonly #slotOf: (parameter: Parameter) => Slot;
  readonly #isWatched: (layer: Bindable) => boolean;
  readonly #recycler: Recycler;
  /** Values that have a reader yet to be bound. */
  readonly #open = new Set<Value>();
  readonly #used = new Set<Parameter>();
  readonly #checks: (() => void)[] = [];
  readonly #prepare: (() => void)[] = [];
  readonly #constant: boolean;
  #prepared = false;
  readonly #forward: (() => void)[] = [];
  readonly #backward: (() => void)[] = [];
  /** The parameters whose gradients each of them writes. */
  readonly #written: Parameter[][] = [];
  #slots: Parameter[] = [];

  constructor(engine: Engine, arena: Arena, options: PlanOptions) {
    this.engine = engine;
    this.arena = arena;
    this.differentiable = options.differentiable;
    this.#slotOf = options.slotOf;
    this.#isWatched = options.isWatched ?? (() => false);
    this.#constant = options.constant ?? false;
    this.#recycler = new Recycler(arena);
  }

  /** Room for a value, and for its gradient where the plan is differentiable and it is wanted. */
  value(shape: readonly number[], wantGrad = true): Value {
    const size = sizeOf(shape);
    if (!this.differentiable) return this.#opened({ shape, size, at: this.#recycler.take(size), grad: 0 });
    return this.#opened({ shape, size, at: this.arena.floats(size), grad: wantGrad ? this.#recycler.take(size) : 0 });
  }

  /** Whether somebody wants to see what goes into the layer: then it must be there, as long as the plan is. */
  watches(layer: Bindable): boolean {
    return this.#isWatched(layer);
  }

  /** Before a layer is bound. */
  enter(layer: Bindable, x: Value): void {
    if (!this.watches(layer)) return;
    this.inputs.set(layer, x);
    if (!this.differentiable) this.#recycler.share(x.at, 1);
  }

  /** The reader of x is bound, and y came of it, maybe in the same memory. Said again by whoever is around it: no matter. */
  handOver(x: Value, y: Value): void {
    if (!this.#open.delete(x)) return;
    if (this.#passing(y) === this.#passing(x)) this.#open.add(y);
    else this.#recycler.give(this.#passing(x));
  }

  #opened(value: Value): Value {
    this.#open.add(value);
    return value;
  }

  /** What of a value is not kept for the whole plan. */
  #passing({ at, grad }: Value): number {
    return this.differentiable ? grad : at;
  }

  /**
   * Where the parameter is; zeros for one that is absent.
   *
   * @throws BatchNormError E_VALUE for one that is used already: backward writes gradients, it does not add them up
   */
  slot(parameter: Parameter | null): Slot {
    if (!parameter) return { value: 0, grad: 0 };
    check(!this.#used.has(parameter), "E_VALUE", "model", () => {
      return "expected each layer with parameters once in a model, got one twice: shared weights are not supported";
    });
    this.#used.add(parameter);
    this.#slots.push(parameter);
    return this.#slotOf(parameter);
  }

  /**
   * A value for several readers: each gets a gradient of its own, and they are added up when all have written theirs.
   * To be called before the readers are bound.
   */
  fork(x: Value, readers: number): Value[] {
    const others = Array.from({ length: readers - 1 });
    if (!this.differentiable) this.#recycler.share(x.at, others.length);
    if (!x.grad) return [x, ...others.map(() => this.#opened({ ...x }))];
    const rest = others.map(() => this.#opened({ ...x, grad: this.#recycler.take(x.size) }));
    const sums = rest.map(({ grad }) =>
      additionCall(this.engine, this.arena, { a: x.grad, b: grad, sum: x.grad }, x.size),
    );
    this.add(
      () => {},
      () => {
        for (const sum of sums) sum.run();
      },
    );
    return [x, ...rest];
  }

  /** Adds one operation, that of the parameters whose slots were asked for since the last. Backward runs in the opposite order. */
  add(forward: () => void, backward: () => void): void {
    this.#forward.push(forward);
    this.#backward.push(backward);
    this.#written.push(this.#slots);
    this.#slots = [];
  }

  /** Adds what must be done with the parameters before a forward pass, when they may have changed. */
  prepare(work: () => void): void {
    this.#prepare.push(work);
  }

  /** Adds a check that comes before every forward pass: it throws before any layer has changed. */
  require(check: () => void): void {
    this.#checks.push(check);
  }

  forward(): void {
    for (let i = 0; i < this.#checks.length; i++) this.#checks[i]();
    if (!this.#prepared) for (let i = 0; i < this.#prepare.length; i++) this.#prepare[i]();
    this.#prepared = this.#constant;
    for (let i = 0; i < this.#forward.length; i++) this.#forward[i]();
  }

  /** @param written  is called with parameters as soon as their gradients are there */
  backward(written?: (parameters: readonly Parameter[]) => void): void {
    for (let i = this.#backward.length - 1; i >= 0; i--) {
      this.#backward[i]();
      if (written && this.#written[i].length > 0) written(this.#written[i]);
    }
  }
}
