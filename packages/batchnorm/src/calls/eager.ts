/**
 * Layers called on ordinary tensors, outside a trainer.
 *
 * All such calls share one device and one region of its memory. The layer called last owns the region, as it was bound
 * there; when another layer is called, the region's bytes are put aside in an ordinary array, and come back if that layer
 * is called again. So nothing is ever to be disposed of, and a layer that nobody refers to any more takes its array along.
 */
import { check } from "../errors.ts";
import { checkOptions } from "../options.ts";
import type { Convolution } from "../plan/site.ts";
import { formatShape, sameShape } from "../tensor/shape.ts";
import { checkTensor, type Tensor } from "../tensor/tensor.ts";
import { type DeviceOptions, WasmDevice } from "../wasm/device.ts";
import { Call } from "./call.ts";
import { type Modal, signatureOf } from "./signature.ts";

export interface CallOptions extends DeviceOptions {
  /** See `TrainerOptions`. Default "fast". */
  convolution?: Convolution;
}

/** A layer bound to the region. */
class Session {
  readonly call: Call;
  readonly shape: readonly number[];
  readonly signature: string;
  readonly #device: WasmDevice;
  readonly #top: number;
  #aside: Uint8Array | null = null;

  constructor(device: WasmDevice, layer: Modal, shape: readonly number[], signature: string) {
    this.#device = device;
    this.shape = shape;
    this.signature = signature;
    this.call = new Call(device, layer, shape, convolution);
    this.#top = device.memory.top;
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
let sessions = new WeakMap<Modal, Session>();

/**
 * Chooses the device that layers and functions outside a trainer run on: threads, build. Takes effect from the next call;
 * a backward pass for a forward pass before that is no longer possible.
 *
 * @throws BatchNormError E_VALUE for options out of range
 */
export function configure(callOptions: CallOptions): void {
  checkOptions("configure", callOptions, ["threads", "deterministic", "build", "convolution"]);
  const { convolution: ways = "fast", ...deviceOptions } = callOptions;
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

export function eagerForward(layer: Modal, x: Tensor): Tensor {
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
  return session.call.forwardNow(x);
}

export function eagerBackward(layer: Modal, dy: Tensor): Tensor {
  checkTensor(`${layer.constructor.name}.backward`, dy);
  const session = sessions.get(layer);
  const where = `${layer.constructor.name}.backward`;
  check(session?.call.ready === true, "E_STATE", where, () => "expected a forward pass before it; there was none");
  const { shape } = session.call.output;
  check(sameShape(dy.shape, shape), "E_SHAPE", where, () => {
    return `expected a gradient of shape ${formatShape(shape)}, as forward gave, got ${formatShape(dy.shape)}`;
  });
  own(session);
  return session.call.backwardNow(dy);
}

function own(session: Session): void {
  if (owner === session) return;
  owner?.putAside();
  session.bringBack();
  owner = session;
}
