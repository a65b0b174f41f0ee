import type { Memory } from "../engine/memory.ts";
import { check } from "../errors.ts";
import type { Layer } from "../layers/layer.ts";
import type { Plan } from "../layers/plan.ts";
import { Tensor } from "../tensor/tensor.ts";
import type { Dataset } from "./dataset.ts";
import type { Evaluation } from "./options.ts";
import { broadcastStatistics } from "./same.ts";
import type { Session } from "./session.ts";
import type { Sessions } from "./sessions.ts";
import { type BatchShare, placeOf, type Shards, shareOf, sumOver } from "./shards.ts";

/** Runs a model in eval mode. */
export class Evaluator {
  readonly #model: Layer;
  readonly #memory: Memory;
  readonly #sessions: Sessions;
  readonly #shards: Shards | null;
  readonly #passed: (plan: Plan) => void;

  /** @param passed  called after every forward pass */
  constructor(model: Layer, memory: Memory, sessions: Sessions, shards: Shards | null, passed: (plan: Plan) => void) {
    this.#model = model;
    this.#memory = memory;
    this.#sessions = sessions;
    this.#shards = shards;
    this.#passed = passed;
  }

  /** Loss and accuracy. With shards, each rank measures its share of every batch. */
  evaluate(data: Dataset, batchSize: number): Evaluation {
    let loss = 0;
    let correct = 0;
    if (this.#shards) broadcastStatistics(this.#shards, this.#model);
    for (const { session, indices } of this.#pass(data, batchSize, "evaluate", this.#shards)) {
      if (indices.length === 0) continue;
      session.label(data, indices);
      session.loss.run();
      loss += session.loss.loss * indices.length;
      correct += session.loss.correct;
    }
    return {
      loss: sumOver(this.#shards, loss) / data.length,
      accuracy: sumOver(this.#shards, correct) / data.length,
    };
  }

  /** The output for a batch. */
  predict(x: Tensor): Tensor {
    const session = this.#sessions.of(x.shape, false);
    this.#memory.f32.set(x.data, session.input.at >> 2);
    this.#forward(session, shareOf(x.shape[0], null));
    return new Tensor(this.#output(session).slice(), session.output.shape);
  }

  /** The output for all examples of a data set, in their order. */
  predictAll(data: Dataset, batchSize: number): Tensor {
    let result = new Float32Array(0);
    let shape: readonly number[] = [];
    let at = 0;
    for (const { session, indices } of this.#pass(data, batchSize, "predict", null)) {
      const output = this.#output(session);
      if (at === 0) {
        shape = [data.length, ...session.output.shape.slice(1)];
        result = new Float32Array((data.length * output.length) / indices.length);
      }
      result.set(output, at);
      at += output.length;
    }
    return new Tensor(result, shape);
  }

  /** A forward pass over each batch of a data set, in order, or over this rank's share of each. */
  *#pass(
    data: Dataset,
    batchSize: number,
    where: string,
    shards: Shards | null,
  ): Generator<{ session: Session; indices: Int32Array }> {
    check(Number.isInteger(batchSize) && batchSize > 0, "E_BATCH", where, () => {
      return `expected a positive batch size, got ${batchSize}`;
    });
    for (let from = 0; from < data.length; from += batchSize) {
      const share = shareOf(Math.min(batchSize, data.length - from), shards);
      const indices = Int32Array.from({ length: share.count }, (_, i) => from + share.first + i);
      const session = this.#sessions.filled(data, indices, share, false, null);
      this.#forward(session, share);
      yield { session, indices };
    }
  }

  #forward({ plan }: Session, share: BatchShare): void {
    plan.share = placeOf(share);
    this.#model.eval();
    plan.forward();
    this.#passed(plan);
  }

  #output({ output: { at, size } }: Session): Float32Array {
    return this.#memory.f32.subarray(at >> 2, (at >> 2) + size);
  }
}
