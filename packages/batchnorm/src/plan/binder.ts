import type { Device, Place } from "../device/device.ts";
import { check } from "../errors.ts";

import { addition } from "./addition.ts";
import type { Arena } from "./arena.ts";
import { type Epilogue, type Graph, locating, type Node, type Traceable, type Value } from "./graph.ts";
import { Numbers } from "./numbers.ts";
import type { Parameter, StateTensor } from "./parameter.ts";
import { Recycler } from "./recycler.ts";
import { type Counter, type Host, type Operand, type RunState, Site, type Slot, type Wish } from "./site.ts";
import type { HostPoint, Step } from "./step.ts";

/** Where parameters and other state are kept. */
export interface Homes {
  parameter(parameter: Parameter): Slot;
  tensor(tensor: StateTensor): Place;
  counter(values: Counter): Place;
}

/** Who else has a say while a model is bound. */
export interface Listeners {
  /** Layers whose inputs somebody wants to see: they are kept until the forward pass is over, and nothing is fused over them. */
  readonly watched?: ReadonlySet<Traceable>;
  /** What is to be done once the gradients of some parameters are there. */
  readonly written?: (parameters: readonly Parameter[]) => HostPoint | null;
}

/** An operation together with the one that it takes along. */
interface Work {
  readonly node: Node;
  readonly epilogue: Epilogue | null;
  readonly output: Value;
}

/** What is left of an operation for the backward pass. */
interface Left {
  readonly work: Work;
  readonly site: Site;
}

/**
 * Binds a graph to a device: goes through its operations and lets each add its commands, then, backwards, those of its
 * gradients. Commands are made in the order in which they run, so memory is given to whoever comes next as soon as its
 * last user has been bound.
 */
export class Binder implements Host {
  readonly device: Device;
  readonly arena: Arena;
  readonly numbers: Numbers;
  readonly state: RunState;
  readonly wish: Wish;
  readonly forward: Step[] = [];
  readonly backward: Step[] = [];
  /** To be run once, before all else. */
  readonly beforehand: Step[] = [];
  readonly #homes: Homes;
  readonly #listeners: Listeners;
  readonly #recycler: Recycler;
  readonly #operands = new Map<Value, Operand>();
  /** Readers of a value that are not bound yet. */
  readonly #readers = new Map<Value, number>();
  readonly #wanted = new Map<Value, boolean>();
  readonly #gradients = new Map<Value, Place>();
  readonly #left: Left[] = [];
  #list: Step[] = this.forward;
  #temporaries: Place[] = [];
  /** Parameters whose gradients have been written; those of one that is used twice are added up. */
  readonly #written = new Set<Parameter>();
  /** How often the gradient of a parameter is yet to be written. */
  readonly #uses = new Map<Parameter, number>();
  #sums: { to: Place; at: Place; count: number }[] = [];
  #touched: Parameter[] = [];

  constructor(arena: Arena, wish: Wish, state: RunState, homes: Homes, listeners: Listeners = {}) {
    this.device = arena.device;
    this.arena = arena;
    this.numbers = new Numbers(arena);
    this.state = state;
    this.wish = wish;
    this.#homes = homes;
    this.#listeners = listeners;
    this.#recycler = new Recycler(arena);
  }

  /** Adds the forward pass; its input and output. */
  bind(graph: Graph, input: Value, output: Value): { input: Operand; output: Operand } {
    const { watched = [] } = this.#listeners;
    const seen = new Set([...watched].flatMap((layer) => graph.entered.get(layer) ?? []));
    const works = this.#fused(graph, output, seen);
    for (const value of [input, ...works.map((work) => work.output)]) this.#readers.set(value, 0);
    for (const { node } of works) for (const value of node.inputs) this.#count(value, 1);
    // Somebody outside reads the result, and what is watched.
    this.#count(output, 1);
    for (const value of seen) this.#count(value, 1);
    this.#wanted.set(input, this.wish.gradients === "all");
    this.#operands.set(input, { shape: input.shape, size: input.size, at: this.#recycler.take(input.size) });
    if (this.#readers.get(input) === 0) this.#count(input, 1);
    for (const work of works) this.#bindForward(work);
    return { input: this.#operand(input), output: this.#operand(output) };
  }

  /** A value of the graph, where it is kept: what is watched, say. */
  operand(value: Value): Operand {
    return this.#operand(value);
  }

  /** Room for the gradient of a result, which whoever calls fills before the backward pass. */
  gradientFor(output: Value): Place {
    const at = this.#recycler.take(output.size);
    this.#gradients.set(output, at);
    return at;
  }

  /** Adds the backward pass; the gradient of the input where it is wanted. */
  bindBackward(input: Value): Place | null {
    this.#list = this.backward;
    for (const left of this.#left.reverse()) this.#bindBackward(left);
    return this.#gradients.get(input) ?? null;
  }

  add(step: Step): void {
    this.#list.push(step);
  }

  once(work: () => void): void {
    const list = this.#list;
    this.#list = this.beforehand;
    work();
    this.#list = list;
  }

  parameter(parameter: Parameter): Slot {
    return this.#homes.parameter(parameter);
  }

  tensor(tensor: StateTensor): Place {
    return this.#homes.tensor(tensor);
  }

  counter(values: Counter): Place {
    return this.#homes.counter(values);
  }

  temporary(count: number): Place {
    const at = this.#recycler.take(count);
    this.#temporaries.push(at);
    return at;
  }

  gradientOf(parameter: Parameter): Place | null {
    const to = this.#trainable(parameter) ? this.#homes.parameter(parameter).grad : null;
    if (!to) return null;
    this.#touched.push(parameter);
    if (!this.#written.has(parameter)) {
      this.#written.add(parameter);
      return to;
    }
    const at = this.temporary(parameter.size);
    this.#sums.push({ to, at, count: parameter.size });
    return at;
  }

  alone(place: Place): boolean {
    return this.#recycler.alone(place);
  }

  /** Operations, each with the epilogue that it takes along. @param seen  values that are to be kept */
  #fused(graph: Graph, output: Value, seen: ReadonlySet<Value>): Work[] {
    const works: Work[] = [];
    const takenAlong = new Set<Node>();
    for (const node of graph.nodes) {
      if (takenAlong.has(node)) continue;
      const next = graph.nodes.find(({ inputs }) => inputs.includes(node.output));
      const epilogue = next?.layer.epilogue ?? null;
      const fuses =
        next !== undefined &&
        epilogue !== null &&
        node.output !== output &&
        graph.readers(node.output) === 1 &&
        !seen.has(node.output) &&
        node.layer.fuses(epilogue, node.inputs[0].shape, this.wish.gradients !== "none");
      if (fuses) takenAlong.add(next);
      works.push({ node, epilogue: fuses ? epilogue : null, output: fuses ? next.output : node.output });
    }
    return works;
  }

  #bindForward(work: Work): void {
    const { node, epilogue, output } = work;
    const { layer, path } = node;
    const inputs = node.inputs.map((value) => this.#operand(value));
    const wants = node.inputs.map((value) => this.#wanted.get(value) ?? false);
    const site = new Site(
      this,
      { path, inputs, output, epilogue },
      {
        wants,
        take: (count) => this.#recycler.take(count),
        share: (place) => this.#recycler.share(place),
        mayReuse: (i) =>
          this.#readers.get(node.inputs[i]) === 1 && this.alone(inputs[i].at) && inputs[i].size === output.size,
      },
    );
    locating(layer, path, () => layer.bind(site));
    const { output: made, keep, backward } = site.outcome;
    check(made !== null, "E_STATE", layer.constructor.name, () => "expected bind to ask for its output; it did not");
    this.#operands.set(output, made);
    const trainable = Object.values(layer.ownParameters()).filter(
      (p) => p !== null && this.#trainable(p),
    ) as Parameter[];
    const wanted = this.wish.gradients !== "none" && (wants.includes(true) || trainable.length > 0);
    this.#wanted.set(output, wanted);
    if (wanted && backward) {
      for (const { at } of keep) this.#recycler.share(at);
      for (const parameter of trainable) this.#uses.set(parameter, (this.#uses.get(parameter) ?? 0) + 1);
      this.#left.push({ work, site });
    }
    this.#releaseTemporaries();
    for (const value of node.inputs) this.#read(value);
    if (this.#readers.get(output) === 0) this.#recycler.give(made.at);
  }

  #bindBackward({ work: { node, output }, site }: Left): void {
    const dy = this.#gradients.get(output);
    const { keep, backward, gradients } = site.outcome;
    if (dy) {
      this.#gradients.delete(output);
      locating(node.layer, node.path, () => backward?.(dy));
      this.#addUp();
      for (const { input, at } of gradients) this.#contribute(node.inputs[input], at);
      this.#recycler.give(dy);
    }
    if (!this.wish.again) for (const { at } of keep) this.#recycler.give(at);
    this.#releaseTemporaries();
    this.#tell();
  }

  /** Gradients of parameters that are used more than once. */
  #addUp(): void {
    for (const { to, at, count } of this.#sums) this.add(addition({ a: to, b: at, sum: to }, count));
    this.#sums = [];
  }

  /** Parameters whose last gradient has just been added, in the order of the backward pass. */
  #tell(): void {
    for (const parameter of this.#touched) this.#uses.set(parameter, (this.#uses.get(parameter) as number) - 1);
    const done = this.#touched.filter((parameter) => this.#uses.get(parameter) === 0);
    this.#touched = [];
    const point = done.length ? (this.#listeners.written?.(done) ?? null) : null;
    if (point) this.add(point);
  }

  /** One more part of the gradient of a value. */
  #contribute(value: Value, at: Place): void {
    const before = this.#gradients.get(value);
    if (!before) {
      this.#gradients.set(value, at);
      return;
    }
    const own = [before, at].find((place) => this.alone(place));
    const sum = own ?? this.#recycler.take(value.size);
    this.add(addition({ a: before, b: at, sum }, value.size));
    this.#gradients.set(value, sum);
    for (const place of [before, at]) if (place !== sum) this.#recycler.give(place);
  }

  #trainable(parameter: Parameter): boolean {
    return this.wish.gradients !== "none" && parameter.trainable;
  }

  #operand(value: Value): Operand {
    return this.#operands.get(value) as Operand;
  }

  #count(value: Value, more: number): void {
    this.#readers.set(value, (this.#readers.get(value) ?? 0) + more);
  }

  /** One reader of a value is bound. */
  #read(value: Value): void {
    this.#count(value, -1);
    if (this.#readers.get(value) === 0) this.#recycler.give(this.#operand(value).at);
  }

  #releaseTemporaries(): void {
    for (const place of this.#temporaries) this.#recycler.give(place);
    this.#temporaries = [];
  }
}
