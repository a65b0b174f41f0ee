import type { Memory } from "./memory.ts";

/** Blocks that live and die together: the buffers of one bound plan, the weights of one model. */
export class Arena {
  readonly memory: Memory;
  #blocks: number[] = [];

  constructor(memory: Memory) {
    this.memory = memory;
    // A plan that is bound again asks for the same blocks at the same offsets, and fits where it was before.
    memory.restagger();
  }

  allocate(bytes: number): number {
    const address = this.memory.allocate(bytes);
    this.#blocks.push(address);
    return address;
  }

  /** Room for `count` float32; the address is a multiple of 64, and up to the next one the memory is ours to pad. */
  floats(count: number): number {
    return this.allocate(4 * count);
  }

  doubles(count: number): number {
    return this.allocate(8 * count);
  }

  free(): void {
    for (const address of this.#blocks) this.memory.release(address);
    this.#blocks = [];
  }
}
