import { Random, type RandomState } from "../tensor/random.ts";

/** Where a pass over the data stands, for a checkpoint. */
export interface OrderState {
  epoch: number;
  /** Examples of the pass under way that have been used; 0: there is none. */
  cursor: number;
  /** Of the data set that it is a pass over; 0: there is none. */
  length: number;
  /** Of the batches that it is made in; 0: there is none. */
  batchSize: number;
  /** Of the generator before it shuffled this pass, so that the order can be made again. */
  random: RandomState;
}

/** What becomes of the examples at the end of a pass that do not fill a batch: left out, or a smaller batch. */
export type LastBatch = "drop" | "use";

/** What examples are taken from. A pass belongs to one such object. */
export interface Examples {
  readonly length: number;
}

/**
 * The order in which examples are taken: shuffled anew for every pass over the data. A pass goes on with the data set and
 * the batch size that it began with; another one begins a new pass, from its first example on, and the one before does not
 * count. After a resume the data set is known by its length.
 */
export class Order {
  /** Passes over the data that are complete. */
  epoch = 0;
  #cursor = 0;
  #length = 0;
  #batchSize = 0;
  /** Whose pass is under way; null where it has not been seen yet, after a resume. */
  #data: Examples | null = null;
  /** Empty: to be shuffled when they are next wanted. */
  #indices = new Int32Array(0);
  readonly #random: Random;
  #before: RandomState;

  constructor(seed: number) {
    this.#random = new Random(seed);
    this.#before = this.#random.state;
  }

  /** How many indices `next` will give. */
  upcoming(data: Examples, batchSize: number, lastBatch: LastBatch = "drop"): number {
    if (lastBatch === "drop") return batchSize;
    return Math.min(batchSize, data.length - (this.#goesOn(data, batchSize) ? this.#cursor : 0));
  }

  /**
   * The indices of the next batch; a view, good until the next call. After the last batch the epoch is over.
   *
   * @param batchSize  at most as many as there are examples, unless the last batch is used
   */
  next(data: Examples, batchSize: number, lastBatch: LastBatch = "drop"): Int32Array {
    if (this.#cursor > 0 && !this.#goesOn(data, batchSize)) this.#abandon();
    const size = this.upcoming(data, batchSize, lastBatch);
    if (this.#indices.length === 0) this.#shuffle(data.length);
    if (this.#cursor + size > data.length) {
      // The last batch was to be used until now, and no longer is.
      this.#endEpoch();
      this.#shuffle(data.length);
    }
    this.#data = data;
    this.#length = data.length;
    this.#batchSize = batchSize;
    const batch = this.#indices.subarray(this.#cursor, this.#cursor + size);
    this.#cursor += size;
    if (data.length - this.#cursor < (lastBatch === "drop" ? batchSize : 1)) this.#endEpoch();
    return batch;
  }

  /** Whether a pass is under way that such a batch belongs to. */
  #goesOn(data: Examples, batchSize: number): boolean {
    const same = this.#data ? this.#data === data : this.#length === data.length;
    return this.#cursor > 0 && same && this.#batchSize === batchSize;
  }

  #endEpoch(): void {
    this.epoch++;
    this.#finish(this.#random.state);
  }

  /** Ends a pass before its end. What comes after it follows from the seed, whether the pass was shuffled here or resumed. */
  #abandon(): void {
    this.#random.state = this.#before;
    this.#finish(new Random(this.#random.bits()).state);
  }

  #finish(random: RandomState): void {
    this.#before = random;
    this.#cursor = this.#length = this.#batchSize = 0;
    this.#data = null;
    this.#indices = new Int32Array(0);
  }

  #shuffle(length: number): void {
    this.#random.state = this.#before;
    this.#indices = Int32Array.from({ length }, (_, i) => i);
    this.#random.shuffle(this.#indices);
  }

  get state(): OrderState {
    const { epoch } = this;
    return { epoch, cursor: this.#cursor, length: this.#length, batchSize: this.#batchSize, random: this.#before };
  }

  set state({ epoch, cursor, length, batchSize, random }: OrderState) {
    this.#random.state = random;
    this.#finish(this.#random.state);
    this.epoch = epoch;
    this.#cursor = cursor;
    this.#length = length;
    this.#batchSize = batchSize;
  }
}
