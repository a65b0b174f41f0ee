import { type Dataset, labelsOf } from "../data/dataset.ts";
import { check } from "../errors.ts";
import type { Layer } from "../module/layer.ts";
import { broadcastStatistics } from "../shards/same.ts";
import { type Shards, shareOf, standIn, sumOver } from "../shards/shards.ts";
import { Tensor } from "../tensor/tensor.ts";
import type { Evaluation } from "./options.ts";
import { Report } from "./report.ts";
import type { Session } from "./session.ts";
import type { Sessions } from "./sessions.ts";
import { Turns } from "./turns.ts";

/** Runs a model in eval mode, whatever the modes of its layers are. */
export class Evaluator {
  readonly #model: Layer;
  readonly #sessions: Sessions;
  readonly #shards: Shards | null;
  readonly #stepCount: () => number;

  constructor(model: Layer, sessions: Sessions, shards: Shards | null, stepCount: () => number) {
    this.#model = model;
    this.#sessions = sessions;
    this.#shards = shards;
    this.#stepCount = stepCount;
  }

  /** Loss and accuracy. With shards, each rank measures its share of every batch. */
  async evaluate(data: Dataset, batchSize: number): Promise<Evaluation> {
    const labels = labelsOf("evaluate", data);
    if (this.#shards) broadcastStatistics(this.#shards, this.#model);
    const report = new Report();
    const turns = new Turns();
    try {
      for (const indices of batches(data, batchSize, "evaluate", this.#shards)) {
        if (indices.length > 0) {
          const session = this.#sessionFor(data, indices);
          session.load(labels.subarray(indices[0], indices[0] + indices.length));
          report.watch(session);
          const running = this.#run(session, data, indices, true);
          if (running) await running;
        }
        if (turns.due) await turns.next();
      }
      const { loss, correct } = await report.take();
      return {
        loss: sumOver(this.#shards, loss) / data.length,
        accuracy: sumOver(this.#shards, correct) / data.length,
      };
    } finally {
      report.end();
    }
  }

  /** The output for a batch. */
  async predict(x: Tensor): Promise<Tensor> {
    const session = this.#sessions.of(x.shape, false);
    session.fill(x);
    const running = session.predict(shareOf(x.shape[0], null), this.#stepCount());
    if (running) await running;
    return session.result();
  }

  /** The output for all examples of a data set, in their order. */
  async predictAll(data: Dataset, batchSize: number): Promise<Tensor> {
    let result = new Float32Array(0);
    let shape: readonly number[] = [];
    let at = 0;
    const turns = new Turns();
    for (const indices of batches(data, batchSize, "predict", null)) {
      const session = this.#sessionFor(data, indices);
      const running = this.#run(session, data, indices, false);
      if (running) await running;
      const output = await session.result();
      if (at === 0) {
        shape = [data.length, ...output.shape.slice(1)];
        result = new Float32Array((data.length * output.size) / indices.length);
      }
      result.set(output.data, at);
      at += output.size;
      if (turns.due) await turns.next();
    }
    return new Tensor(result, shape);
  }

  #sessionFor(data: Dataset, { length }: Int32Array): Session {
    return this.#sessions.of([standIn(length), ...data.shape], false);
  }

  #run(session: Session, data: Dataset, indices: Int32Array, withLoss: boolean): Promise<void> | null {
    const { length: count } = indices;
    const from = { data, at: this.#sessions.place(data), indices, random: null };
    return session.runOn(from, { first: 0, count, total: count }, 0, this.#stepCount(), withLoss);
  }
}

/** The examples of each batch of a data set, in order, or this rank's share of them. */
function* batches(data: Dataset, batchSize: number, where: string, shards: Shards | null): Generator<Int32Array> {
  check(Number.isInteger(batchSize) && batchSize > 0, "E_BATCH", where, () => {
    return `expected a positive batch size, got ${batchSize}`;
  });
  for (let from = 0; from < data.length; from += batchSize) {
    const share = shareOf(Math.min(batchSize, data.length - from), shards);
    yield Int32Array.from({ length: share.count }, (_, i) => from + share.first + i);
  }
}
