import type { Place } from "../device/device.ts";
import type { Sum } from "../ops/normalization/exchange.ts";
import type { RunState } from "../plan/site.ts";
import type { HostPoint } from "../plan/step.ts";
import type { Shards } from "./shards.ts";

/** What all ranks together have to tell of a step. */
export interface Told {
  readonly loss: number;
  readonly correct: number;
  /** Whether one of them was told to stop. */
  readonly stop: boolean;
}

/** Adds up over all ranks what each has of a step's outcome: on its way while the backward pass runs. */
export class Outcomes {
  /** Whether this rank was told to stop: said with the coming step. */
  stop = false;
  readonly #shards: Shards;
  readonly #values = new Float64Array(3);
  #sum: Sum | null = null;

  constructor(shards: Shards) {
    this.#shards = shards;
  }

  /** The point, after the forward pass, where the sum begins. @param result  see `BoundLoss`; an empty share has none */
  point(result: Place, state: RunState): HostPoint {
    return {
      reads: [{ place: result, type: "f64", count: 2 }],
      writes: [],
      act: ([loss, correct]) => {
        const { count } = state.share;
        this.#values.set([count && loss, count && correct, Number(this.stop)]);
        this.#sum = this.#shards.sum(this.#values);
      },
    };
  }

  /** Of the whole batch, once it is there. */
  take(): Told {
    this.#sum?.wait();
    const [loss, correct, stop] = this.#values;
    return { loss, correct, stop: stop > 0 };
  }
}
