/** Steps a second over the last second or so. */
export class Pace {
  #marks: { step: number; time: number }[] = [];

  /** Whoever pauses begins anew. */
  reset(): void {
    this.#marks = [];
  }

  /** @returns steps a second; 0 until there is something to go by */
  at(step: number, time: number): number {
    this.#marks.push({ step, time });
    while (this.#marks.length > 2 && time - this.#marks[0].time > 1_000) this.#marks.shift();
    const [first] = this.#marks;
    return time > first.time ? (1_000 * (step - first.step)) / (time - first.time) : 0;
  }
}
