import type { Memory } from "../engine/memory.ts";
import type { Parameter } from "../layers/parameter.ts";
import type { Sum } from "../ops/exchange.ts";
import type { Shards } from "./shards.ts";
import type { Weights } from "./weights.ts";

/** Values that travel together, at least: 1 MB. Fewer would cost more messages, more would begin later. */
const BUCKET = 2 ** 18;

/** Gradients that lie side by side, and are added up over all ranks when the last of them is there. */
interface Bucket {
  readonly at: number;
  readonly count: number;
  readonly parameters: number;
  missing: number;
}

/** Adds up the gradients of all ranks, while the backward pass still runs where it can. */
export class GradientSums {
  readonly #shards: Shards;
  readonly #memory: Memory;
  readonly #buckets: Bucket[] = [];
  readonly #bucketOf = new Map<Parameter, Bucket>();
  #empty = false;
  #sums: Sum[] = [];

  constructor(shards: Shards, memory: Memory, { blocks, places }: Weights) {
    this.#shards = shards;
    this.#memory = memory;
    for (const [i, { grad, count }] of blocks.entries()) {
      // From the end, which the backward pass reaches first.
      const placed = [...places].filter(([, { block }]) => block === i).sort(([, a], [, b]) => b.offset - a.offset);
      let end = count;
      let parameters: Parameter[] = [];
      for (const [k, [parameter, { offset }]] of placed.entries()) {
        parameters.push(parameter);
        if (end - offset < BUCKET && k < placed.length - 1) continue;
        const bucket = { at: grad + 4 * offset, count: end - offset, parameters: parameters.length, missing: 0 };
        this.#buckets.push(bucket);
        for (const p of parameters) this.#bucketOf.set(p, bucket);
        end = offset;
        parameters = [];
      }
    }
  }

  /**
   * Before a backward pass.
   *
   * @param empty  this rank's share has no examples: whatever the pass gives, its gradients are 0
   */
  begin(empty: boolean): void {
    this.#empty = empty;
    this.#sums = [];
    for (const bucket of this.#buckets) bucket.missing = bucket.parameters;
  }

  /** See `Plan.backward`. */
  readonly written = (parameters: readonly Parameter[]): void => {
    for (const parameter of parameters) {
      const bucket = this.#bucketOf.get(parameter);
      if (bucket && --bucket.missing === 0) this.#start(bucket);
    }
  };

  /** Returns when all sums are in place. */
  finish(): void {
    // Those with a parameter that the model does not use.
    for (const bucket of this.#buckets) if (bucket.missing > 0) this.#start(bucket);
    for (const sum of this.#sums) sum.wait();
  }

  #start({ at, count }: Bucket): void {
    const gradients = this.#memory.f32.subarray(at >> 2, (at >> 2) + count);
    if (this.#empty) gradients.fill(0);
    this.#sums.push(this.#shards.sum(gradients));
  }
}
