import type { Device, Place } from "../device/device.ts";
import type { Dataset } from "./dataset.ts";

/** Data sets kept: what is trained on, what is measured on, and two more. */
const MOST = 4;

/** A data set's values on a device. */
export interface Resident {
  readonly at: Place;
  /** No other has it, nor will. */
  readonly id: number;
}

/** Values in memory, as far as they tell one data set from another. */
interface Known extends Resident {
  /** For whom the values were copied. */
  readonly seen: WeakSet<Dataset>;
  readonly buffer: ArrayBufferLike;
  readonly offset: number;
  readonly length: number;
}

/**
 * Data sets on a device, so that batches are gathered there: the few that were used last. Those on the same part of an array
 * share a copy, made anew when a data set is first used. What is changed in its array after that is not seen.
 */
export class Residents {
  readonly #device: Device;
  /** Least recently used first. */
  #residents: Known[] = [];
  #copies = 0;

  constructor(device: Device) {
    this.#device = device;
  }

  /** The data set's values: the same object as long as they are kept. */
  place(dataset: Dataset): Resident {
    const { data } = dataset;
    const { buffer, byteOffset: offset, byteLength: length } = data;
    const same = (r: Known) => r.buffer === buffer && r.offset === offset && r.length === length;
    const known = this.#residents.find(same);
    const at = known?.at ?? this.#allocate(length);
    const resident = known ?? { seen: new WeakSet(), buffer, offset, length, at, id: this.#copies++ };
    if (!resident.seen.has(dataset)) {
      this.#device.write(at.region, 0, data);
      resident.seen.add(dataset);
    }
    this.#residents = [...this.#residents.filter((r) => r !== resident), resident];
    return resident;
  }

  release(): void {
    for (const { at } of this.#residents) this.#device.release(at.region);
    this.#residents = [];
  }

  #allocate(bytes: number): Place {
    if (this.#residents.length >= MOST) this.#device.release((this.#residents.shift() as Known).at.region);
    return { region: this.#device.allocate(bytes), offset: 0 };
  }
}
