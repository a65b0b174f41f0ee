import { check } from "../errors.ts";
import { log } from "./math.ts";

/** All of a generator's memory, for a checkpoint: four words of 32 bits, and a normal value kept for the next call. */
export interface RandomState {
  words: [number, number, number, number];
  spare: number | null;
}

/** Whether a value of unknown origin is one: four words that are not all zero, and a spare value that a normal one can be. */
export function isRandomState(value: unknown): value is RandomState {
  const { words, spare } = (value ?? {}) as Partial<Record<keyof RandomState, unknown>>;
  const whole = Array.isArray(words) && words.length === 4 && words.every((word) => (word | 0) === word);
  return whole && words.some((word) => word !== 0) && (spare === null || Number.isFinite(spare));
}

/**
 * A seeded generator: xoshiro128** (Blackman & Vigna 2018), seeded by SplitMix32.
 * The same seed gives the same numbers on every machine: no function of `Math` whose last digit may differ is used.
 */
export class Random {
  #a = 0;
  #b = 0;
  #c = 0;
  #d = 0;
  #spare: number | null = null;

  /** @throws BatchNormError E_VALUE unless the seed is an integer of at most 53 bits */
  constructor(seed: number) {
    check(Number.isSafeInteger(seed), "E_VALUE", "Random", () => `expected an integer as seed, got ${seed}`);
    let s = (seed | 0) ^ Math.imul(Math.floor(seed / 2 ** 32) | 0, 0x9e3779b9);
    const next = () => {
      s = (s + 0x9e3779b9) | 0;
      let z = Math.imul(s ^ (s >>> 16), 0x21f0aaad);
      z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
      return z ^ (z >>> 15);
    };
    this.#a = next();
    this.#b = next();
    this.#c = next();
    this.#d = next() | 1; // never all zero
  }

  /** 32 random bits as a signed integer. */
  bits(): number {
    const rotated = Math.imul(this.#b, 5);
    const result = Math.imul((rotated << 7) | (rotated >>> 25), 9);
    const t = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= t;
    this.#d = (this.#d << 11) | (this.#d >>> 21);
    return result;
  }

  /** Uniform on [0, 1), a multiple of 2⁻⁵³. */
  uniform(): number {
    const high = this.bits() >>> 5;
    const low = this.bits() >>> 6;
    return (high * 0x4000000 + low) / 0x20000000000000;
  }

  /** Uniform on 0, 1, …, n − 1. */
  integer(n: number): number {
    return Math.floor(this.uniform() * n);
  }

  /** Standard normal, by Marsaglia's polar method. */
  normal(): number {
    if (this.#spare !== null) {
      const spare = this.#spare;
      this.#spare = null;
      return spare;
    }
    for (;;) {
      const u = 2 * this.uniform() - 1;
      const v = 2 * this.uniform() - 1;
      const s = u * u + v * v;
      if (s >= 1 || s === 0) continue;
      const scale = Math.sqrt((-2 * log(s)) / s);
      this.#spare = v * scale;
      return u * scale;
    }
  }

  /** Puts the elements in random order (Fisher & Yates). */
  shuffle(array: Int32Array): void {
    for (let i = array.length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      const t = array[i];
      array[i] = array[j];
      array[j] = t;
    }
  }

  get state(): RandomState {
    return { words: [this.#a, this.#b, this.#c, this.#d], spare: this.#spare };
  }

  /** @throws BatchNormError E_VALUE for a state that there is not */
  set state(state: RandomState) {
    check(isRandomState(state), "E_VALUE", "Random", () => {
      return "expected a state as `state` gives it, { words: four integers of 32 bits, spare: a number or null }";
    });
    [this.#a, this.#b, this.#c, this.#d] = state.words;
    this.#spare = state.spare;
  }
}

/** Where values come from that nobody gave a seed for: a program that asks in the same order gets the same values. */
export const defaultRandom = new Random(0);

/** Seeds what draws without a seed of its own: the initial weights of layers, `randn` without a seed. */
export function manualSeed(seed: number): void {
  defaultRandom.state = new Random(seed).state;
}
