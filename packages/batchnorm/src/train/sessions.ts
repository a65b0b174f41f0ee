import { signatureOf } from "../layers/call.ts";
import { Recent } from "../plan/bound.ts";
import type { Dataset } from "./dataset.ts";
import { type Resident, Residents } from "./residents.ts";
import { type Common, Session } from "./session.ts";

/** Sessions kept for shapes that come again: a step's, an evaluation's, and one with a last smaller batch each. */
const MOST = 4;

/** A model bound to the shapes of input that were used last. */
export class Sessions {
  readonly #common: Common;
  readonly #residents: Residents;
  readonly #recent = new Recent<Session>(MOST);

  constructor(common: Common) {
    this.#common = common;
    this.#residents = new Residents(common.device);
  }

  /** @param training whether there is to be a backward pass */
  of(shape: readonly number[], training: boolean): Session {
    const { weights, model } = this.#common;
    // Where gradients are has changed for all that was bound.
    if (weights.changed) {
      this.clear();
      weights.arrange();
    }
    const key = `${training} ${shape} ${signatureOf(model, !training)}`;
    return this.#recent.of(key, () => new Session(this.#common, shape, training));
  }

  /** The data set's values on the device. */
  place(data: Dataset): Resident {
    return this.#residents.place(data);
  }

  /** Forgets all sessions: the next ones are bound anew. */
  clear(): void {
    this.#recent.clear();
  }
}
