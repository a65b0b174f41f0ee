import type { Memory } from "../engine/memory.ts";
import type { Dataset } from "./dataset.ts";

/** Data sets kept: what is trained on, what is measured on, and two more. */
const MOST = 4;

interface Resident {
  buffer: ArrayBufferLike;
  offset: number;
  length: number;
  at: number;
}

/**
 * Data sets in an engine's memory, so that batches are gathered there: the few that were used last. A data set is copied
 * when it is first used; what is changed in its array after that is not seen.
 */
export class Residents {
  readonly #memory: Memory;
  /** Least recently used first. */
  #residents: Resident[] = [];

  constructor(memory: Memory) {
    this.#memory = memory;
  }

  /** The address of the data set's values. */
  place({ data }: Dataset): number {
    const { buffer, byteOffset: offset, byteLength: length } = data;
    const same = (r: Resident) => r.buffer === buffer && r.offset === offset && r.length === length;
    const resident = this.#residents.find(same) ?? { buffer, offset, length, at: this.#copy(data) };
    this.#residents = [...this.#residents.filter((r) => r !== resident), resident];
    return resident.at;
  }

  #copy(data: Dataset["data"]): number {
    if (this.#residents.length >= MOST) this.#memory.release((this.#residents.shift() as Resident).at);
    const at = this.#memory.allocate(data.byteLength);
    if (data instanceof Uint8Array) this.#memory.u8.set(data, at);
    else this.#memory.f32.set(data, at >> 2);
    return at;
  }
}
