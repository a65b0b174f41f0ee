import type { Session } from "./session.ts";

/** What was measured on some examples: the sum of their losses, and how many had their label on top. */
export interface Sums {
  readonly examples: number;
  readonly loss: number;
  readonly correct: number;
}

/** Sums of losses since the last report. They are added up on the device; only whoever reports waits for them. */
export class Report {
  readonly #sessions = new Set<Session>();
  #examples = 0;
  #loss = 0;
  #correct = 0;

  /** From here on the session's runs count. It keeps its memory until they have been read, whatever becomes of it. */
  watch(session: Session): void {
    if (this.#sessions.has(session)) return;
    session.reset();
    session.hold();
    this.#sessions.add(session);
  }

  count(examples: number): void {
    this.#examples += examples;
  }

  /** What is not added up on the device. */
  add(loss: number, correct: number): void {
    this.#loss += loss;
    this.#correct += correct;
  }

  /** Sums since the last time. */
  async take(): Promise<Sums> {
    for (const session of this.#sessions) {
      const { sum } = await session.outcome();
      this.add(sum.loss, sum.correct);
    }
    this.end();
    const sums = { examples: this.#examples, loss: this.#loss, correct: this.#correct };
    this.#examples = this.#loss = this.#correct = 0;
    return sums;
  }

  /** Nothing more is read of the sessions so far. */
  end(): void {
    for (const session of this.#sessions) session.letGo();
    this.#sessions.clear();
  }
}
