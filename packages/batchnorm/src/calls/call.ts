import type { Device, Place } from "../device/device.ts";
import { Arena } from "../plan/arena.ts";
import { type Bindee, Bound } from "../plan/bound.ts";
import type { Parameter } from "../plan/parameter.ts";
import type { Resident } from "../plan/resident.ts";
import type { Convolution, Operand, Slot } from "../plan/site.ts";
import { copyOf, fetchSpan, type Runner, type Span, viewOf } from "../plan/step.ts";
import { Tensor } from "../tensor/tensor.ts";

type AnyResident = Resident<Float32Array> | Resident<Float64Array>;

/**
 * A layer bound to a device for one shape of input, to be called on ordinary tensors: its parameters and state are copied
 * there before a forward pass, and what has changed is copied back after it.
 */
export class Call {
  readonly output: Operand;
  /** Whether a forward pass has left what a backward pass needs. */
  ready = false;
  readonly #device: Device;
  readonly #bound: Bound;
  readonly #arena: Arena;
  readonly #slots = new Map<Parameter, Slot>();
  readonly #state = new Map<AnyResident, Place>();
  /** What a forward pass changes, and what a backward pass makes beside the gradient of the input. */
  readonly #changed: readonly (readonly [AnyResident, Span])[];
  readonly #gradients: readonly (readonly [Parameter, Span])[];
  readonly #forward: Runner;
  readonly #backward: Runner;
  readonly #dy: Place;
  readonly #dx: Place | null;

  /** @throws BatchNormError what the layer throws for such a shape */
  constructor(device: Device, layer: Bindee, shape: readonly number[], convolution: Convolution = "fast") {
    this.#device = device;
    this.#arena = new Arena(device);
    const homes = {
      parameter: (parameter: Parameter) => this.#slot(parameter),
      tensor: ({ resident }: { resident: Resident<Float32Array> }) => this.#place(resident),
      counter: (values: Resident<Float64Array>) => this.#place(values),
    };
    const wish = { gradients: "all", evaluate: false, convolution, constant: false, again: true } as const;
    this.#bound = new Bound(layer, shape, { device, wish, homes });
    this.output = this.#bound.output;
    this.#dy = this.#bound.outputGradient();
    this.#dx = this.#bound.bindBackward();
    this.#changed = [...this.#state].map(([values, place]) => [values, spanOf(values, place)]);
    this.#gradients = [...this.#slots].flatMap(([parameter, { grad }]): [Parameter, Span][] =>
      grad ? [[parameter, { place: grad, type: "f32", count: parameter.size }]] : [],
    );
    this.#forward = this.#bound.runner([...this.#bound.beforehand, ...this.#bound.forward]);
    this.#backward = this.#bound.runner(this.#bound.backward);
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

  #place(values: AnyResident): Place {
    const known = this.#state.get(values);
    if (known) return known;
    const place = { region: this.#arena.allocate(values.data.byteLength), offset: 0 };
    this.#state.set(values, place);
    return place;
  }

  /** @returns the result, of its own memory */
  async forward(x: Tensor): Promise<Tensor> {
    this.#load(x);
    await this.#forward.run();
    for (const [values, span] of this.#changed) values.write(await fetchSpan(this.#device, span));
    this.ready = true;
    return this.#fetched(this.output, this.output.at);
  }

  /** The gradient of the input of the last forward pass; those of the parameters are added to theirs. */
  async backward(dy: Tensor): Promise<Tensor> {
    this.#device.write(this.#dy.region, 0, dy.data);
    await this.#backward.run();
    for (const [parameter, span] of this.#gradients) {
      parameter.accumulate((await fetchSpan(this.#device, span)) as Float32Array);
    }
    return this.#dx ? this.#fetched(this.#bound.input, this.#dx) : this.#nothing();
  }

  /** The forward pass once more, or the backward pass, on what is in place: nothing is copied. On the CPU. */
  again(pass: "forward" | "backward"): void {
    this.#bound.prepare();
    (pass === "forward" ? this.#forward : this.#backward).runNow();
  }

  /** The same without waiting, on the CPU. */
  forwardNow(x: Tensor): Tensor {
    this.#load(x);
    this.#forward.runNow();
    for (const [values, span] of this.#changed) values.write(viewOf(this.#device, span));
    this.ready = true;
    return this.#read(this.output, this.output.at);
  }

  /** The same without waiting, on the CPU. */
  backwardNow(dy: Tensor): Tensor {
    this.#device.write(this.#dy.region, 0, dy.data);
    this.#backward.runNow();
    for (const [parameter, span] of this.#gradients) {
      parameter.accumulate(viewOf(this.#device, span) as Float32Array);
    }
    return this.#dx ? this.#read(this.#bound.input, this.#dx) : this.#nothing();
  }

  #load(x: Tensor): void {
    const device = this.#device;
    this.ready = false;
    device.write(this.#bound.input.at.region, 0, x.data);
    for (const [parameter, { value }] of this.#slots) device.write(value.region, 0, parameter.data);
    for (const [values, place] of this.#state) device.write(place.region, 0, values.data);
    this.#bound.prepare();
  }

  async #fetched({ shape, size }: Operand, place: Place): Promise<Tensor> {
    const values = await fetchSpan(this.#device, { place, type: "f32", count: size });
    return new Tensor(values as Float32Array, shape);
  }

  #read({ shape, size }: Operand, place: Place): Tensor {
    return new Tensor(copyOf(this.#device, { place, type: "f32", count: size }) as Float32Array, shape);
  }

  /** Where the input has no say in the result. */
  #nothing(): Tensor {
    const { shape, size } = this.#bound.input;
    return new Tensor(new Float32Array(size), shape);
  }

  release(): void {
    this.#bound.release();
    this.#arena.free();
  }
}

function spanOf({ data }: AnyResident, place: Place): Span {
  return { place, type: data instanceof Float32Array ? "f32" : "f64", count: data.length };
}
