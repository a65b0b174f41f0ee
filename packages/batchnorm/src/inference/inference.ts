import { type Device, isHost } from "../device/device.ts";
import { check } from "../errors.ts";
import type { Layer } from "../module/layer.ts";
import { checkOptions } from "../options.ts";
import { Arena } from "../plan/arena.ts";
import type { Homes } from "../plan/binder.ts";
import { Bound, Recent } from "../plan/bound.ts";
import type { Parameter } from "../plan/parameter.ts";
import { Queue } from "../plan/queue.ts";
import type { Resident } from "../plan/resident.ts";
import type { Convolution, Slot } from "../plan/site.ts";
import { fetchSpan, type Runner, type Span, viewOf } from "../plan/step.ts";
import { checkTensor, Tensor } from "../tensor/tensor.ts";
import { fold } from "../transform/fold.ts";
import { type DeviceOptions, WasmDevice } from "../wasm/device.ts";

/** Shapes of input that the model stays bound to. */
const MOST_SHAPES = 4;

export interface InferenceOptions extends DeviceOptions {
  /** See `TrainerOptions`. */
  convolution?: Convolution;
  /** What to run on, instead of a CPU device made of the other options; left open. */
  device?: Device;
}

/** The folded model bound to a shape of input. */
interface Ready {
  readonly bound: Bound;
  readonly runner: Runner;
  release(): void;
}

/**
 * A trained model made ready to give results, as fast as it can: batch norm is folded into the weights, which are copied
 * and laid out once. What happens to the model afterwards is not seen.
 *
 *   const inference = new Inference(model, { threads: 2 });
 *   const logits = await inference.predict(x);
 *
 * @throws BatchNormError E_VALUE for options out of range
 */
export class Inference implements Homes {
  readonly device: Device;
  readonly #ownDevice: boolean;
  readonly #model: Layer;
  readonly #convolution: Convolution;
  readonly #slots = new Map<Parameter, Slot>();
  readonly #state = new Map<Resident<Float32Array> | Resident<Float64Array>, Slot>();
  readonly #ready = new Recent<Ready>(MOST_SHAPES);
  /** Of what the folded model keeps. */
  readonly #arena: Arena;
  #closed = false;
  /** Of calls on a device that has to be waited for: they share buffers. */
  readonly #queue = new Queue();

  constructor(model: Layer, options: InferenceOptions = {}) {
    checkOptions("Inference", options, ["convolution", "device", "threads", "deterministic", "build"]);
    const { convolution = "fast", device, ...own } = options;
    this.#convolution = convolution;
    this.#ownDevice = device === undefined;
    this.device = device ?? new WasmDevice(own);
    this.#model = fold(model);
    this.#arena = new Arena(this.device);
    for (const parameter of this.#model.parameters()) {
      const value = this.#arena.words(parameter.size);
      this.device.write(value.region, 0, parameter.data);
      this.#slots.set(parameter, { value, grad: null });
    }
    for (const layer of this.#model.modules()) {
      for (const { resident } of Object.values(layer.ownState())) {
        const region = this.#arena.allocate(resident.data.byteLength);
        this.device.write(region, 0, resident.data);
        this.#state.set(resident, { value: { region, offset: 0 }, grad: null });
      }
    }
  }

  parameter(parameter: Parameter): Slot {
    return this.#slots.get(parameter) as Slot;
  }

  tensor({ resident }: { resident: Resident<Float32Array> }) {
    return (this.#state.get(resident) as Slot).value;
  }

  counter(values: Resident<Float64Array>) {
    return (this.#state.get(values) as Slot).value;
  }

  /**
   * What the model gives for a batch, in eval mode.
   *
   * @throws BatchNormError E_SHAPE when the model does not take it; E_STATE after `close`
   */
  async predict(x: Tensor): Promise<Tensor> {
    if (isHost(this.device)) return this.predictNow(x);
    checkTensor("Inference.predict", x);
    // It may be changed while others have their turn.
    const own = new Tensor(x.data.slice(), x.shape);
    return this.#queue.run(() => this.#answer(own));
  }

  async #answer(x: Tensor): Promise<Tensor> {
    const { bound, runner } = this.#fed(x);
    await runner.run();
    return new Tensor((await fetchSpan(this.device, outputOf(bound))) as Float32Array, bound.output.shape);
  }

  /**
   * The same without waiting, on the CPU: for small networks in a frame loop.
   *
   * @throws BatchNormError as `predict`; E_PLATFORM on another device
   */
  predictNow(x: Tensor): Tensor {
    const { bound, runner } = this.#fed(x);
    runner.runNow();
    return new Tensor(viewOf(this.device, outputOf(bound)).slice() as Float32Array, bound.output.shape);
  }

  /** Bound to the shape of a batch, with the batch in place. */
  #fed(x: Tensor): Ready {
    const { device } = this;
    const open = !this.#closed && !device.closed;
    check(open, "E_STATE", "Inference", () => "expected an open one; this one was closed. Make a new one");
    checkTensor("Inference.predict", x);
    const ready = this.#ready.of(`${x.shape}`, () => this.#bind(x.shape));
    device.write(ready.bound.input.at.region, 0, x.data);
    ready.bound.prepare();
    return ready;
  }

  #bind(shape: readonly number[]): Ready {
    const { device } = this;
    const rest = { convolution: this.#convolution, constant: true, again: false };
    const wish = { gradients: "none", evaluate: true, ...rest } as const;
    const bound = new Bound(this.#model, shape, { device, wish, homes: this });
    const once = bound.runner(bound.beforehand);
    bound.prepare();
    if (isHost(device)) once.runNow();
    else void once.run();
    return { bound, runner: bound.runner(bound.forward), release: () => bound.release() };
  }

  /** Gives the memory back, and ends the threads. Further use throws E_STATE; closing again does nothing. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#ready.clear();
    this.#arena.free();
    if (this.#ownDevice) this.device.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function outputOf({ output: { at: place, size: count } }: Bound): Span {
  return { place, type: "f32", count };
}
