import type { Arena } from "../engine/arena.ts";
import type { Call, Engine } from "../engine/engine.ts";
import { perTask, tasksOf } from "./layout.ts";

export interface CrossEntropyBuffers {
  logits: number; // f32 [rows, classes]
  labels: number; // i32 [rows]
  grad: number; // f32 [rows, classes]: d(mean loss)/d(logits)
}

/** Mean over the rows of −log softmax(logits)[label], its gradient, and how many rows have their label on top. */
export class CrossEntropyOp {
  readonly #engine: Engine;
  readonly #call: Call<"softmaxCrossEntropy">;
  readonly #rows: number;
  readonly #loss: number;
  readonly #correct: number;

  constructor(engine: Engine, arena: Arena, rows: number, classes: number, buffers: CrossEntropyBuffers) {
    this.#engine = engine;
    this.#rows = rows;
    this.#loss = arena.doubles(rows);
    this.#correct = arena.floats(rows);
    const rowsPerTask = perTask(rows, classes, 1, 8192);
    const args = { ...buffers, loss: this.#loss, correct: this.#correct, rows, classes, rowsPerTask };
    this.#call = engine.call(
      arena,
      "softmaxCrossEntropy",
      { ...args, gradScale: 1 / rows },
      tasksOf(rows, rowsPerTask),
    );
  }

  run(): void {
    this.#call.run();
  }

  /** Of the last run. */
  get loss(): number {
    const { f64 } = this.#engine.memory;
    let sum = 0;
    for (let r = 0; r < this.#rows; r++) sum += f64[(this.#loss >> 3) + r];
    return sum / this.#rows;
  }

  /** Of the last run. */
  get correct(): number {
    const { i32 } = this.#engine.memory;
    let sum = 0;
    for (let r = 0; r < this.#rows; r++) sum += i32[(this.#correct >> 2) + r];
    return sum;
  }
}
