import type { Place, Region } from "../device/device.ts";
import type { Arena } from "./arena.ts";

/**
 * Buffers that are used again, by others of the same plan, once the last of their users has let go of them. Commands are
 * made in the order in which they run, so whoever takes a buffer runs after those who had it.
 */
export class Recycler {
  readonly #arena: Arena;
  readonly #users = new Map<Region, number>();
  #free: Region[] = [];

  constructor(arena: Arena) {
    this.#arena = arena;
  }

  /** Room for `count` float32, for one user: the smallest free buffer that has it, or a new one. */
  take(count: number): Place {
    const bytes = 4 * count;
    const fits = this.#free.filter((region) => region.bytes >= bytes);
    const best = fits.reduce<Region | null>((a, b) => (a && a.bytes <= b.bytes ? a : b), null);
    if (best) this.#free.splice(this.#free.indexOf(best), 1);
    const region = best ?? this.#arena.words(count).region;
    this.#users.set(region, 1);
    return { region, offset: 0 };
  }

  /** One user more. */
  share({ region }: Place): void {
    const users = this.#users.get(region);
    if (users !== undefined) this.#users.set(region, users + 1);
  }

  /** One user less. What was not taken here is nobody's to give. */
  give({ region }: Place): void {
    const users = this.#users.get(region);
    if (users === undefined) return;
    if (users > 1) this.#users.set(region, users - 1);
    else {
      this.#users.delete(region);
      this.#free.push(region);
    }
  }

  /** Whether there is one user only: who may write into the buffer what it likes. */
  alone({ region }: Place): boolean {
    return this.#users.get(region) === 1;
  }
}
