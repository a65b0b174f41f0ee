/** Where a model is kept that is bound without a trainer, to look at its plan. */
import type { Device, Layer, Parameter } from "batchnorm";
import type { Place } from "batchnorm/extend";
import { Arena } from "#dist/plan/arena.js";
import type { Homes } from "#dist/plan/binder.js";
import type { Slot } from "#dist/plan/site.js";
import { fetchSpan } from "#dist/plan/step.js";

/** Parameters in the order of the state dict, each with room for a gradient; other state as the model has it now. */
export class Kept implements Homes {
  readonly slots = new Map<Parameter, Slot>();
  readonly #arena: Arena;

  constructor(device: Device, model: Layer) {
    this.#arena = new Arena(device);
    for (const parameter of model.parameters()) {
      const grad = parameter.trainable ? this.#arena.words(parameter.size) : null;
      this.slots.set(parameter, { value: this.#put(parameter.data), grad });
    }
  }

  #put(values: Float32Array | Float64Array): Place {
    const place = { region: this.#arena.allocate(values.byteLength), offset: 0 };
    this.#arena.device.write(place.region, 0, values);
    return place;
  }

  parameter(parameter: Parameter): Slot {
    return this.slots.get(parameter) as Slot;
  }

  tensor({ resident }: Parameters<Homes["tensor"]>[0]): Place {
    return this.#put(resident.data);
  }

  counter(values: Parameters<Homes["counter"]>[0]): Place {
    return this.#put(values.data);
  }

  /** What the backward pass has left. */
  gradients(): Promise<Float32Array[]> {
    const wanted = [...this.slots].filter(([, { grad }]) => grad);
    return Promise.all(wanted.map(([{ size }, { grad }]) => floats(this.#arena.device, grad as Place, size)));
  }

  free(): void {
    this.#arena.free();
  }
}

/** A copy of what is at a place. */
export async function floats(device: Device, place: Place, count: number): Promise<Float32Array> {
  return (await fetchSpan(device, { place, type: "f32", count })) as Float32Array;
}
