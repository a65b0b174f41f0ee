/** The event loop gets a turn this often, in milliseconds. */
const TURN = 50;

/** Lets others have their turn while something long is done. */
export class Turns {
  #last = performance.now();

  /** Whether it is time for it. */
  get due(): boolean {
    return performance.now() - this.#last > TURN;
  }

  async next(): Promise<void> {
    await nextTurn();
    this.#last = performance.now();
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === "function") setImmediate(resolve);
    else setTimeout(resolve);
  });
}
