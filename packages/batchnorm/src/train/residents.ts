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
  readonly buffer: ArrayBufferLike;
  readonly offset: number;
  readonly length: number;
}

/**
 * Data sets on a device, so that batches are gathered there: the few that were used last. A data set is copied when it is
 * first used; what is changed in its array after that is not seen.
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
  place({ data }: Dataset): Resident {
    const { buffer, byteOffset: offset, byteLength: length } = data;
    const same = (r: Known) => r.buffer === buffer && r.offset === offset && r.length === length;
    const resident = this.#residents.find(same) ?? { buffer, offset, length, at: this.#copy(data), id: this.#copies++ };
    this.#residents = [...this.#residents.filter((r) => r !== resident), resident];
    return resident;
  }

  release(): void {
    for (const { at } of this.#residents) this.#device.release(at.region);
    this.#residents = [];
  }

  #copy(data: Dataset["data"]): Place {
    if (this.#residents.length >= MOST) this.#device.release((this.#residents.shift() as Known).at.region);
    const region = this.#device.allocate(data.byteLength);
    this.#device.write(region, 0, data);
    return { region, offset: 0 };
  }
}
