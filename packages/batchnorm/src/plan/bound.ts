import type { Device, Place } from "../device/device.ts";
import { Arena } from "./arena.ts";
import { Binder, type Homes, type Listeners } from "./binder.ts";
import { Graph, type Traceable, type Value } from "./graph.ts";
import { Emitter, type Operand, type RunState, type Wish } from "./site.ts";
import { Runner, type Step } from "./step.ts";

/** A model, as far as binding it knows it. */
export interface Bindee extends Traceable {
  namedModules(): [path: string, layer: Traceable & { ownParameters(): Record<string, unknown> }][];
}

export interface BoundOptions {
  readonly device: Device;
  readonly wish: Wish;
  readonly homes: Homes;
  readonly listeners?: Listeners;
}

/** A model bound to a device for one shape of input: its memory, and the lists of what is to be done. */
export class Bound {
  readonly input: Operand;
  readonly output: Operand;
  readonly arena: Arena;
  readonly state: RunState = { share: { first: 0, count: 0, total: 0 }, learningRate: 0, stepCount: 0 };
  /** For what is to be added to the lists: a loss after the forward pass, an optimizer after the backward pass. */
  readonly emitter: Emitter;
  readonly #device: Device;
  readonly #binder: Binder;
  readonly #graph: Graph;
  readonly #in: Value;
  readonly #out: Value;
  readonly #runners: Runner[] = [];

  /** @throws BatchNormError whatever a layer throws, with its path in the model; nothing is left of it then */
  constructor(model: Bindee, shape: readonly number[], { device, wish, homes, listeners = {} }: BoundOptions) {
    this.#device = device;
    this.arena = new Arena(device);
    const modules = new Map<Traceable, string>(model.namedModules().map(([path, layer]) => [layer, path]));
    this.#graph = new Graph((layer) => modules.get(layer) ?? null);
    this.#binder = new Binder(this.arena, wish, this.state, homes, listeners);
    this.emitter = new Emitter(this.#binder);
    try {
      this.#in = this.#graph.input(shape);
      this.#out = this.#graph.apply(model, [this.#in]);
      const { input, output } = this.#binder.bind(this.#graph, this.#in, this.#out);
      this.input = input;
      this.output = output;
    } catch (error) {
      this.arena.free();
      throw error;
    }
    this.state.share = { first: 0, count: shape[0] ?? 0, total: shape[0] ?? 0 };
  }

  /** What the forward pass is made of, with what was added to it. */
  get forward(): readonly Step[] {
    return this.#binder.forward;
  }

  get backward(): readonly Step[] {
    return this.#binder.backward;
  }

  /** To be done once, before the first run. */
  get beforehand(): readonly Step[] {
    return this.#binder.beforehand;
  }

  /** Adds commands to a list apart, with memory of its own. */
  apart(list: Step[], arena: Arena): Emitter {
    const { device, numbers, state } = this.#binder;
    const temporary = (count: number) => arena.words(count);
    return new Emitter({ device, arena, numbers, state, temporary, add: (step) => list.push(step) });
  }

  /** What goes into a layer, at all of its uses. */
  inputsOf(layer: Traceable): readonly Operand[] {
    return (this.#graph.entered.get(layer) ?? []).map((value) => this.#binder.operand(value));
  }

  /** Room for the gradient of the output. */
  outputGradient(): Place {
    return this.#binder.gradientFor(this.#out);
  }

  /** Adds the backward pass; where the gradient of the input is, if it is wanted. */
  bindBackward(): Place | null {
    return this.#binder.bindBackward(this.#in);
  }

  /** Makes steps ready to run. */
  runner(steps: readonly Step[]): Runner {
    const runner = new Runner(this.#device, steps);
    this.#runners.push(runner);
    return runner;
  }

  /** Puts the numbers of the coming run in place. */
  prepare(): void {
    this.#binder.numbers.write(this.#device);
  }

  release(): void {
    for (const runner of this.#runners) runner.release();
    this.arena.free();
  }
}

/** What was bound last, by shape and whatever else it depends on. What was used longest ago goes first. */
export class Recent<T extends { release(): void }> {
  readonly #most: number;
  /** Least recently used first. */
  readonly #known = new Map<string, T>();

  constructor(most: number) {
    this.#most = most;
  }

  of(key: string, make: () => T): T {
    const known = this.#known.get(key);
    if (known) {
      this.#known.delete(key);
      this.#known.set(key, known);
      return known;
    }
    if (this.#known.size >= this.#most) {
      const [oldest, old] = this.#known.entries().next().value as [string, T];
      this.#known.delete(oldest);
      old.release();
    }
    const made = make();
    this.#known.set(key, made);
    return made;
  }

  clear(): void {
    for (const bound of this.#known.values()) bound.release();
    this.#known.clear();
  }
}
