import { Random, type RandomState } from "../tensor/random.ts";

/** Where a pass over the data stands, for a checkpoint. */
export interface OrderState {
  epoch: number;
  cursor: number;
  /** Of the generator before it shuffled this epoch, so that the order can be made again. */
  random: RandomState;
}

/** The order in which examples are taken: shuffled anew for every epoch, the incomplete batch at the end left out. */
export class Order {
  /** Passes over the data that are complete. */
  epoch = 0;
  /** Examples of this epoch already used. */
  #cursor = 0;
  #indices = new Int32Array(0);
  readonly #random: Random;
  #before: RandomState;

  constructor(seed: number) {
    this.#random = new Random(seed);
    this.#before = this.#random.state;
  }

  /** The indices of the next batch; a view, good until the next call. After the last whole batch an epoch is over. */
  next(length: number, batchSize: number): Int32Array {
    if (this.#indices.length !== length) this.#shuffle(length);
    if (this.#cursor + batchSize > length) {
      this.#endEpoch();
      this.#shuffle(length);
    }
    const batch = this.#indices.subarray(this.#cursor, this.#cursor + batchSize);
    this.#cursor += batchSize;
    if (this.#cursor + batchSize > length) this.#endEpoch();
    return batch;
  }

  #endEpoch(): void {
    this.epoch++;
    this.#cursor = 0;
    this.#before = this.#random.state;
    this.#indices = new Int32Array(0); // shuffled when they are next wanted
  }

  #shuffle(length: number): void {
    this.#random.state = this.#before;
    this.#indices = Int32Array.from({ length }, (_, i) => i);
    this.#random.shuffle(this.#indices);
  }

  get state(): OrderState {
    return { epoch: this.epoch, cursor: this.#cursor, random: this.#before };
  }

  set state({ epoch, cursor, random }: OrderState) {
    this.epoch = epoch;
    this.#cursor = cursor;
    this.#before = random;
    this.#indices = new Int32Array(0);
  }
}
