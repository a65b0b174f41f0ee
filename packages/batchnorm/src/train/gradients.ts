import type { Place } from "../device/device.ts";
import type { Sum } from "../ops/normalization/exchange.ts";
import type { Parameter } from "../plan/parameter.ts";
import type { HostPoint, Span } from "../plan/step.ts";
import type { Shards } from "../shards/shards.ts";
import type { Run } from "./weights.ts";

/** Values that travel together, at least: 1 MB. Fewer would cost more messages, more would begin later. */
const BUCKET = 2 ** 18;

/** Gradients that lie side by side, and are added up over all ranks when the last of them is there. */
interface Bucket {
  readonly at: Place;
  readonly count: number;
  readonly parameters: readonly Parameter[];
}

/** Adds up the gradients of all ranks, while the backward pass still runs where it can. */
export class GradientSums {
  readonly #shards: Shards;
  readonly #runs: () => readonly Run[];
  #empty = false;
  #sums: Sum[] = [];
  /** Buckets of the runs at hand, and how many of their parameters are yet to be written while a plan is bound. */
  #plan: { runs: readonly Run[]; buckets: readonly Bucket[]; missing: Map<Bucket, number> } | null = null;

  constructor(shards: Shards, runs: () => readonly Run[]) {
    this.#shards = shards;
    this.#runs = runs;
  }

  /** Before a plan is bound. */
  arrange(): void {
    const runs = this.#runs();
    const buckets = runs.flatMap(bucketsOf);
    this.#plan = { runs, buckets, missing: new Map(buckets.map((bucket) => [bucket, bucket.parameters.length])) };
  }

  /**
   * Before a backward pass.
   *
   * @param empty  this rank's share has no examples: whatever the pass gives, its gradients are 0
   */
  begin(empty: boolean): void {
    this.#empty = empty;
    this.#sums = [];
  }

  /** See `Listeners.written`. */
  readonly written = (parameters: readonly Parameter[]): HostPoint | null => {
    const ready = parameters.flatMap((parameter) => this.#done(parameter) ?? []);
    return ready.length ? this.#start(ready) : null;
  };

  #done(parameter: Parameter): Bucket | null {
    const bucket = this.#plan?.buckets.find(({ parameters }) => parameters.includes(parameter));
    if (!bucket || !this.#plan) return null;
    const left = (this.#plan.missing.get(bucket) as number) - 1;
    this.#plan.missing.set(bucket, left);
    return left === 0 ? bucket : null;
  }

  #start(buckets: readonly Bucket[]): HostPoint {
    return {
      reads: buckets.map(spanOf),
      writes: [],
      act: (...gradients) => {
        for (const values of gradients) {
          if (this.#empty) values.fill(0);
          this.#sums.push(this.#shards.sum(values as Float32Array));
        }
      },
    };
  }

  /** The point where all sums are in place; those with a parameter that the model does not use begin here. */
  finish(): HostPoint {
    const late = [...(this.#plan?.missing ?? [])].filter(([, left]) => left > 0).map(([bucket]) => bucket);
    const start = this.#start(late);
    return {
      ...start,
      act: (...gradients) => {
        start.act(...gradients);
        for (const sum of this.#sums) sum.wait();
      },
    };
  }
}

const spanOf = ({ at, count }: Bucket): Span => ({ place: at, type: "f32", count });

/** From the end, which the backward pass reaches first. */
function bucketsOf({ grad, count, offsets }: Run): Bucket[] {
  const placed = [...offsets].sort(([, a], [, b]) => b - a);
  const buckets: Bucket[] = [];
  let end = count;
  let parameters: Parameter[] = [];
  for (const [i, [parameter, offset]] of placed.entries()) {
    parameters.push(parameter);
    if (end - offset < BUCKET && i < placed.length - 1) continue;
    const at = { region: grad.region, offset: grad.offset + offset };
    buckets.push({ at, count: end - offset, parameters });
    end = offset;
    parameters = [];
  }
  return buckets;
}
