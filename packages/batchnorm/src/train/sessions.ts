import { signatureOf } from "../calls/signature.ts";
import type { Dataset } from "../data/dataset.ts";
import { type Resident, Residents } from "../data/residents.ts";
import { Recent } from "../plan/bound.ts";
import { type Common, Session } from "./session.ts";

/** Sessions kept for shapes that come again: a step's, an evaluation's, and one with a last smaller batch each. */
const MOST = 4;

/** A model bound to the shapes of input that were used last. */
export class Sessions {
  readonly #common: Common;
  readonly #residents: Residents;
  readonly #recent = new Recent<Session>(MOST);
  #stale = false;

  constructor(common: Common) {
    this.#common = common;
    this.#residents = new Residents(common.device);
  }

  /** @param training whether there is to be a backward pass */
  of(shape: readonly number[], training: boolean): Session {
    this.settle();
    const key = `${training} ${shape} ${signatureOf(this.#common.model, !training)}`;
    return this.#recent.of(key, () => new Session(this.#common, shape, training));
  }

  /** Takes note of what has changed since the last run: who watches, which parameters are trained. */
  settle(): void {
    const { weights } = this.#common;
    if (this.#stale || weights.changed) this.#clear();
    // Where gradients are has changed for all that was bound.
    if (weights.changed) weights.arrange();
  }

  /** The data set's values on the device. */
  place(data: Dataset): Resident {
    return this.#residents.place(data);
  }

  /** The next sessions are bound anew; one that runs at present ends as it is. */
  rebind(): void {
    this.#stale = true;
  }

  #clear(): void {
    this.#recent.clear();
    this.#stale = false;
  }

  /** Gives all memory back, that of data sets too. */
  release(): void {
    this.#clear();
    this.#residents.release();
  }
}
