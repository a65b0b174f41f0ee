/** The event loop gets a turn this often, in milliseconds. */
const TURN = 50;

/** Lets others have their turn while something long is done. */
export class Turns {
  #last = performance.now();

  async maybe(): Promise<void> {
    if (performance.now() - this.#last <= TURN) return;
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
