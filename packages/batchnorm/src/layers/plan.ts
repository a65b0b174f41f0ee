import type { Arena } from "../engine/arena.ts";
import type { Engine } from "../engine/engine.ts";
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

/** What a plan is made of: a layer, as far as a plan knows it. */
export interface Bindable {
  attach(plan: Plan, x: Value): Value;
}

/**
 * A model bound to buffers for one shape of input. Binding happens once: every layer allocates what it needs, fills in
 * the arguments of its kernels, and adds what it does to the two lists. Running goes through the lists and allocates
 * nothing.
 */
export class Plan {
  readonly engine: Engine;
  readonly arena: Arena;
  /** False: no gradients are kept, and there is no backward pass. */
  readonly differentiable: boolean;
  /** What goes into each layer. */
  readonly inputs = new Map<Bindable, Value>();
  readonly #slotOf: (parameter: Parameter) => Slot;
  readonly #used = new Set<Parameter>();
  readonly #checks: (() => void)[] = [];
  readonly #forward: (() => void)[] = [];
  readonly #backward: (() => void)[] = [];

  constructor(engine: Engine, arena: Arena, differentiable: boolean, slotOf: (parameter: Parameter) => Slot) {
    this.engine = engine;
    this.arena = arena;
    this.differentiable = differentiable;
    this.#slotOf = slotOf;
  }

  /** Room for a value, and for its gradient where the plan is differentiable and it is wanted. */
  value(shape: readonly number[], wantGrad = true): Value {
    const size = sizeOf(shape);
    const at = this.arena.floats(size);
    return { shape, size, at, grad: this.differentiable && wantGrad ? this.arena.floats(size) : 0 };
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
    return this.#slotOf(parameter);
  }

  /**
   * A value for several readers: each gets a gradient of its own, and they are added up when all have written theirs.
   * To be called before the readers are bound.
   */
  fork(x: Value, readers: number): Value[] {
    if (!x.grad) return Array.from({ length: readers }, () => x);
    const rest = Array.from({ length: readers - 1 }, () => ({ ...x, grad: this.arena.floats(x.size) }));
    const sums = rest.map(({ grad }) => additionCall(this.engine, this.arena, x.grad, grad, x.grad, x.size));
    this.add(
      () => {},
      () => {
        for (const sum of sums) sum.run();
      },
    );
    return [x, ...rest];
  }

  /** Adds one operation. Backward runs in the opposite order. */
  add(forward: () => void, backward: () => void): void {
    this.#forward.push(forward);
    this.#backward.push(backward);
  }

  /** Adds a check that comes before every forward pass: it throws before any layer has changed. */
  require(check: () => void): void {
    this.#checks.push(check);
  }

  forward(): void {
    for (let i = 0; i < this.#checks.length; i++) this.#checks[i]();
    for (let i = 0; i < this.#forward.length; i++) this.#forward[i]();
  }

  backward(): void {
    for (let i = this.#backward.length - 1; i >= 0; i--) this.#backward[i]();
  }
}
