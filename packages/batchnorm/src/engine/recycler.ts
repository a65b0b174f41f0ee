import type { Arena } from "./arena.ts";

interface Buffer {
  readonly at: number;
  readonly size: number;
}

/**
 * Buffers of float32 that are used again, by others of the same arena, once the last of their readers has let go of them.
 */
export class Recycler {
  readonly #arena: Arena;
  readonly #used = new Map<number, Buffer & { readers: number }>();
  #free: Buffer[] = [];

  constructor(arena: Arena) {
    this.#arena = arena;
  }

  /** Room for `size` float32, for one reader: the smallest free buffer that has it, or a new one. */
  take(size: number): number {
    const buffer = this.#free
      .filter((free) => free.size >= size)
      .reduce<Buffer | null>((best, free) => (best && best.size <= free.size ? best : free), null);
    this.#free = this.#free.filter((free) => free !== buffer);
    const { at, size: room } = buffer ?? { at: this.#arena.floats(size), size };
    this.#used.set(at, { at, size: room, readers: 1 });
    return at;
  }

  /** More readers for a buffer. */
  share(at: number, more: number): void {
    const buffer = this.#used.get(at);
    if (buffer) buffer.readers += more;
  }

  /** One reader less. What was not taken here is nobody's to give. */
  give(at: number): void {
    const buffer = this.#used.get(at);
    if (!buffer || --buffer.readers > 0) return;
    this.#used.delete(at);
    this.#free.push(buffer);
  }
}
