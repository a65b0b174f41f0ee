/**
 * Layers called on ordinary tensors, outside a trainer.
 *
 * All such calls share one device and one region of its memory. The layer called last owns the region, as it was bound
 * there; when another layer is called, the region's bytes are put aside in an ordinary array, and come back if that layer
 * is called again. So nothing is ever to be disposed of, and a layer that nobody refers to any more takes its array along.
 */
import type { Place } from "../device/device.ts";
import { check } from "../errors.ts";
import { Arena } from "../plan/arena.ts";
import { type Bindee, Bound } from "../plan/bound.ts";
import type { Parameter } from "../plan/parameter.ts";
import type { Resident } from "../plan/resident.ts";
import type { Convolution, Operand, Slot } from "../plan/site.ts";
import type { Runner } from "../plan/step.ts";
import { formatShape, sameShape } from "../tensor/shape.ts";
import { checkTensor, Tensor } from "../tensor/tensor.ts";
import { type DeviceOptions, WasmDevice } from "../wasm/device.ts";

/** A layer, as far as calls on tensors know it. */
export interface Callable extends Bindee {
  namedModules(): [path: string, layer: ReturnType<Bindee["namedModules"]>[number][1] & Modal][];
}

interface Modal {
  signature(evaluate: boolean): string;
}

export interface CallOptions extends DeviceOptions {
  /** See `TrainerOptions`. Default "fast". */
  convolution?: Convolution;
}

/** A layer bound to the region for one shape of input. */
class Session {
  readonly shape: readonly number[];
  readonly signature: string;
  readonly output: Operand;
  /** Whether a forward pass has left what a backward pass needs. */
  ready = false;
  readonly #device: WasmDevice;
  readonly #bound: Bound;
  readonly #arena: Arena;
  readonly #slots = new Map<Parameter, Slot>();
  readonly #state = new Map<Resident<Float32Array> | Resident<Float64Array>, Place>();
  readonly #forward: Runner;
  readonly #backward: Runner;
  readonly #dy: Place;
  readonly #dx: Place | null;
  readonly #top: number;
  #aside: Uint8Array | null = null;

  constructor(device: WasmDevice, layer: Callable, shape: readonly number[], signature: string) {
    this.#device = device;
    this.shape = shape;
    this.signature = signature;
    this.#arena = new Arena(device);
    const homes = {
      parameter: (parameter: Parameter) => this.#slot(parameter),
      tensor: ({ resident }: { resident: Resident<Float32Array> }) => this.#place(resident, 1),
      counter: (values: Resident<Float64Array>) => this.#place(values, 2),
    };
    const wish = { gradients: "all", evaluate: false, convolution, constant: false } as const;
    this.#bound = new Bound(layer, shape, { device, wish, homes });
    this.output = this.#bound.output;
    this.#dy = this.#bound.outputGradient();
    this.#dx = this.#bound.bindBackward();
    this.#forward = this.#bound.runner([...this.#bound.beforehand, ...this.#bound.forward]);
    this.#backward = this.#bound.runner(this.#bound.backward);
    this.#top = device.memory.top;
  }

  #slot(parameter: Parameter): Slot {
    let slot = this.#slots.get(parameter);
    if (!slot) {
      const grad = parameter.trainable ? this.#arena.words(parameter.size) : null;
      slot = { value: this.#arena.words(parameter.size), grad };
      this.#slots.set(parameter, slot);
    }
    return slot;
  }

  #place(values: Resident<Float32Array> | Resident<Float64Array>, words: 1 | 2): Place {
    const known = this.#state.get(values);
    if (known) return known;
    const place = { region: this.#arena.allocate(4 * words * values.data.length), offset: 0 };
    this.#state.set(values, place);
    return place;
  }

  forward(x: Tensor): Tensor {
    const device = this.#device;
    this.ready = false;
    device.write(this.#bound.input.at.region, 0, x.data);
    for (const [parameter, { value }] of this.#slots) device.write(value.region, 0, parameter.data);
    for (const [values, place] of this.#state) device.write(place.region, 0, values.data);
    this.#bound.prepare();
    this.#forward.runNow();
    for (const [values, { region }] of this.#state) {
      const views = device.view(region);
      values.write((values.data instanceof Float32Array ? views.f32 : views.f64).subarray(0, values.data.length));
    }
    this.ready = true;
    return this.#read(this.output.at, this.output.shape, this.output.size);
  }

  backward(dy: Tensor): Tensor {
    const device = this.#device;
    device.write(this.#dy.region, 0, dy.data);
    this.#backward.runNow();
    for (const [parameter, { grad }] of this.#slots) {
      if (grad) parameter.accumulate(device.view(grad.region).f32.subarray(0, parameter.size));
    }
    const { shape, size } = this.#bound.input;
    return this.#dx ? this.#read(this.#dx, shape, size) : new Tensor(new Float32Array(size), shape);
  }

  #read({ region, offset }: Place, shape: readonly number[], size: number): Tensor {
    return new Tensor(this.#device.view(region).f32.slice(offset, offset + size), shape);
  }

  putAside(): void {
    const { u8, base } = this.#device.memory;
    this.#aside ??= new Uint8Array(this.#top - base);
    this.#aside.set(u8.subarray(base, this.#top));
  }

  bringBack(): void {
    const { memory } = this.#device;
    if (this.#aside) memory.u8.set(this.#aside, memory.base);
  }
}

let options: DeviceOptions = {};
let convolution: Convolution = "fast";
let device: WasmDevice | null = null;
let owner: Session | null = null;
let sessions = new WeakMap<Callable, Session>();

/**
 * Chooses the device that layers and functions outside a trainer run on: threads, build. Takes effect from the next call;
 * a backward pass for a forward pass before that is no longer possible.
 */
export function configure({ convolution: ways = "fast", ...deviceOptions }: CallOptions): void {
  const next = new WasmDevice(deviceOptions);
  device?.close();
  device = next;
  options = deviceOptions;
  convolution = ways;
  owner = null;
  sessions = new WeakMap();
}

/** The shared device, with its region free to use until the next call: whoever owned it has been put aside. */
export function borrowDevice(): WasmDevice {
  device ??= new WasmDevice(options);
  owner?.putAside();
  owner = null;
  device.memory.reset();
  return device;
}

export function eagerForward(layer: Callable, x: Tensor): Tensor {
  checkTensor(`${layer.constructor.name}.forward`, x);
  const signature = signatureOf(layer);
  let session = sessions.get(layer);
  if (session && session.signature === signature && sameShape(session.shape, x.shape)) own(session);
  else {
    if (session && owner === session) owner = null; // its successor is about to be made: nothing to keep
    sessions.delete(layer);
    session = new Session(borrowDevice(), layer, x.shape, signature);
    sessions.set(layer, session);
    owner = session;
  }
  return session.forward(x);
}

export function eagerBackward(layer: Callable, dy: Tensor): Tensor {
  checkTensor(`${layer.constructor.name}.backward`, dy);
  const session = sessions.get(layer);
  const where = `${layer.constructor.name}.backward`;
  check(session?.ready === true, "E_STATE", where, () => "expected a forward pass before it; there was none");
  const { shape } = session.output;
  check(sameShape(dy.shape, shape), "E_SHAPE", where, () => {
    return `expected a gradient of shape ${formatShape(shape)}, as forward gave, got ${formatShape(dy.shape)}`;
  });
  own(session);
  return session.backward(dy);
}

/** Modes of all layers, and which parameters are trained. */
function signatureOf(layer: Callable): string {
  return layer
    .namedModules()
    .map(([, module]) => {
      const trainable = Object.values(module.ownParameters()).map((p) => Number((p as Parameter | null)?.trainable));
      return `${module.signature(false)}${trainable.join("")}`;
    })
    .join();
}

function own(session: Session): void {
  if (owner === session) return;
  owner?.putAside();
  session.bringBack();
  owner = session;
}
