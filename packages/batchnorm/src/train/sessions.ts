import type { Engine } from "../engine/engine.ts";
import type { Layer } from "../layers/layer.ts";
import type { PlanOptions } from "../layers/plan.ts";
import type { Random } from "../tensor/random.ts";
import type { Dataset } from "./dataset.ts";
import type { Loss } from "./loss.ts";
import { Residents } from "./residents.ts";
import { Session } from "./session.ts";
import { type BatchShare, standIn } from "./shards.ts";

/** Sessions kept for shapes that come again: a step's, an evaluation's, and one with a last smaller batch each. */
const MOST = 4;

/** A model bound to the shapes of input that were used last. */
export class Sessions {
  readonly #engine: Engine;
  readonly #model: Layer;
  readonly #loss: Loss;
  readonly #options: Omit<PlanOptions, "differentiable">;
  readonly #residents: Residents;
  /** Oldest first. */
  readonly #sessions = new Map<string, Session>();

  constructor(engine: Engine, model: Layer, loss: Loss, options: Omit<PlanOptions, "differentiable">) {
    this.#engine = engine;
    this.#model = model;
    this.#loss = loss;
    this.#options = options;
    this.#residents = new Residents(engine.memory);
  }

  /** @param training whether there is to be a backward pass */
  of(shape: readonly number[], training: boolean): Session {
    const key = `${training} ${shape}`;
    const known = this.#sessions.get(key);
    if (known) return known;
    if (this.#sessions.size >= MOST) {
      const [oldest, old] = this.#sessions.entries().next().value as [string, Session];
      this.#sessions.delete(oldest);
      old.free();
    }
    const options = { ...this.#options, differentiable: training };
    const session = new Session(this.#engine, this.#model, this.#loss, shape, options);
    this.#sessions.set(key, session);
    return session;
  }

  /**
   * A session with a share of a batch of a data set's examples as its input: see `Batch.fill`.
   */
  filled(data: Dataset, indices: Int32Array, share: BatchShare, training: boolean, random: Random | null): Session {
    const session = this.of([standIn(indices.length), ...data.shape], training);
    session.gather(data, this.#residents.place(data), indices, share, random);
    return session;
  }

  /** Forgets all sessions: the next ones are bound anew. */
  clear(): void {
    for (const session of this.#sessions.values()) session.free();
    this.#sessions.clear();
  }
}
