/** Lets one thing be done after another, in the order in which they are asked for. */
export class Queue {
  /** Fulfils when the last has ended; null where none is under way. */
  #last: Promise<void> | null = null;

  /** Something is under way. */
  get busy(): boolean {
    return this.#last !== null;
  }

  /** What the work gives. It begins when all before it has ended, however that went: at once where there is none. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last ? this.#last.then(work) : work();
    const ended = () => {
      if (this.#last === last) this.#last = null;
    };
    const last = result.then(ended, ended);
    this.#last = last;
    return result;
  }
}
