import type { Memory } from "../engine/memory.ts";
import type { Dataset } from "./dataset.ts";

/** Data sets kept: what is trained on, what is measured on, and two more. */
const MOST = 4;

interface Resident {
  /** For whom the values were copied. */
  seen: WeakSet<Dataset>;
  buffer: ArrayBufferLike;
  offset: number;
  length: number;
  at: number;
}

/**
 * Data sets in an engine's memory, so that batches are gathered there: the few that were used last. Those on the same part
 * of an array share a copy, made anew when a data set is first used. What is changed in its array after that is not seen.
 */
export class Residents {
  readonly #memory: Memory;
  /** Least recently used first. */
  #residents: Resident[] = [];

  constructor(memory: Memory) {
    this.#memory = memory;
  }

  /** The address of the data set's values. */
  place(dataset: Dataset): number {
    const { data } = dataset;
    const { buffer, byteOffset: offset, byteLength: length } = data;
    const same = (r: Resident) => r.buffer === buffer && r.offset === offset && r.length === length;
    const known = this.#residents.find(same);
    const resident = known ?? { seen: new WeakSet(), buffer, offset, length, at: this.#allocate(length) };
    if (!resident.seen.has(dataset)) {
      this.#copy(data, resident.at);
      resident.seen.add(dataset);
    }
    this.#residents = [...this.#residents.filter((r) => r !== resident), resident];
    return resident.at;
  }

  #allocate(bytes: number): number {
    if (this.#residents.length >= MOST) this.#memory.release((this.#residents.shift() as Resident).at);
    return this.#memory.allocate(bytes);
  }

  #copy(data: Dataset["data"], at: number): void {
    if (data instanceof Uint8Array) this.#memory.u8.set(data, at);
    else this.#memory.f32.set(data, at >> 2);
  }
}
