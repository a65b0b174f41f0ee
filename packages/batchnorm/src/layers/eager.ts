/**
 * Layers called on ordinary tensors, outside a trainer.
 *
 * All such calls share one engine and one region of its memory. The layer called last owns the region, as it was bound
 * there; when another layer is called, the region's bytes are put aside in an ordinary array, and come back if that layer
 * is called again. So nothing is ever to be disposed of, and a layer that nobody refers to any more takes its array along.
 */
import { Arena } from "../engine/arena.ts";
import { Engine, type EngineOptions } from "../engine/engine.ts";
import { check } from "../errors.ts";
import { formatShape, sameShape } from "../tensor/shape.ts";
import { checkTensor, Tensor } from "../tensor/tensor.ts";
import type { Parameter } from "./parameter.ts";
import { type Bindable, Plan, type Slot, type Value } from "./plan.ts";

/** A layer bound to the region for one shape of input. */
class Session {
  readonly plan: Plan;
  readonly input: Value;
  readonly output: Value;
  readonly slots = new Map<Parameter, Slot>();
  /** Whether a forward pass has left what a backward pass needs. */
  ready = false;
  readonly #engine: Engine;
  readonly #top: number;
  #aside: Uint8Array | null = null;

  constructor(engine: Engine, layer: Bindable, shape: readonly number[]) {
    const { memory } = engine;
    memory.reset();
    const arena = new Arena(memory);
    this.#engine = engine;
    const slotOf = (parameter: Parameter) => this.#slot(arena, parameter);
    this.plan = new Plan(engine, arena, { differentiable: true, slotOf });
    this.input = this.plan.value(shape);
    this.output = layer.attach(this.plan, this.input);
    this.#top = memory.top;
  }

  #slot(arena: Arena, parameter: Parameter): Slot {
    let slot = this.slots.get(parameter);
    if (!slot) {
      slot = { value: arena.floats(parameter.size), grad: arena.floats(parameter.size) };
      this.slots.set(parameter, slot);
    }
    return slot;
  }

  putAside(): void {
    const { u8, base } = this.#engine.memory;
    this.#aside ??= new Uint8Array(this.#top - base);
    this.#aside.set(u8.subarray(base, this.#top));
  }

  bringBack(): void {
    const { memory } = this.#engine;
    if (this.#aside) memory.u8.set(this.#aside, memory.base);
  }
}

let options: EngineOptions = {};
let engine: Engine | null = null;
let owner: Session | null = null;
let sessions = new WeakMap<Bindable, Session>();

/**
 * Chooses the engine that layers and functions outside a trainer run on: threads, build. Takes effect from the next call;
 * a backward pass for a forward pass before that is no longer possible.
 */
export function configure(engineOptions: EngineOptions): void {
  const next = new Engine(engineOptions);
  engine?.close();
  engine = next;
  options = engineOptions;
  owner = null;
  sessions = new WeakMap();
}

/** The shared engine, with its region free to use until the next call: whoever owned it has been put aside. */
export function borrowEngine(): Engine {
  engine ??= new Engine(options);
  owner?.putAside();
  owner = null;
  engine.memory.reset();
  return engine;
}

export function eagerForward(layer: Bindable, x: Tensor): Tensor {
  checkTensor(`${layer.constructor.name}.forward`, x);
  let session = sessions.get(layer);
  if (session && sameShape(session.input.shape, x.shape)) own(session);
  else {
    if (session && owner === session) owner = null; // its successor is about to be made: nothing to keep
    sessions.delete(layer);
    session = new Session(borrowEngine(), layer, x.shape);
    sessions.set(layer, session);
    owner = session;
  }
  const { plan, input, output, slots } = session;
  const { memory } = plan.engine;
  session.ready = false;
  memory.f32.set(x.data, input.at >> 2);
  for (const [parameter, slot] of slots) memory.f32.set(parameter.data, slot.value >> 2);
  plan.forward();
  session.ready = true;
  return read(plan.engine, output.at, output);
}

export function eagerBackward(layer: Bindable, dy: Tensor): Tensor {
  checkTensor(`${layer.constructor.name}.backward`, dy);
  const session = sessions.get(layer);
  const where = `${layer.constructor.name}.backward`;
  check(session?.ready === true, "E_STATE", where, () => "expected a forward pass before it; there was none");
  const { plan, input, output, slots } = session;
  check(sameShape(dy.shape, output.shape), "E_SHAPE", where, () => {
    return `expected a gradient of shape ${formatShape(output.shape)}, as forward gave, got ${formatShape(dy.shape)}`;
  });
  own(session);
  const { f32 } = plan.engine.memory;
  f32.set(dy.data, output.grad >> 2);
  plan.backward();
  for (const [parameter, slot] of slots) {
    parameter.accumulate(f32.subarray(slot.grad >> 2, (slot.grad >> 2) + parameter.size));
  }
  return read(plan.engine, input.grad, input);
}

function own(session: Session): void {
  if (owner === session) return;
  owner?.putAside();
  session.bringBack();
  owner = session;
}

function read({ memory }: Engine, at: number, { size, shape }: Value): Tensor {
  return new Tensor(new Float32Array(memory.f32.subarray(at >> 2, (at >> 2) + size)), shape);
}
