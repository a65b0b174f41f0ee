import { Arena } from "../engine/arena.ts";
import type { Call, Engine } from "../engine/engine.ts";
import type { Layer } from "../layers/layer.ts";
import { Plan, type Value } from "../layers/plan.ts";
import { perTask, tasksOf } from "../ops/layout.ts";
import { sizeOf } from "../tensor/shape.ts";
import type { Dataset } from "./dataset.ts";
import type { BoundLoss, Loss } from "./loss.ts";
import type { Weights } from "./weights.ts";

type Gather = "gatherBytes" | "gatherFloats";

/** A model and its loss bound to one shape of input: what a step runs. */
export class Session {
  readonly plan: Plan;
  readonly input: Value;
  readonly output: Value;
  readonly loss: BoundLoss;
  readonly #arena: Arena;
  readonly #indices: number;
  readonly #gathers = new Map<Gather, Call<Gather>>();

  constructor(engine: Engine, model: Layer, loss: Loss, weights: Weights, shape: readonly number[], training: boolean) {
    this.#arena = new Arena(engine.memory);
    this.plan = new Plan(engine, this.#arena, training, (parameter) => weights.slot(parameter));
    this.input = this.plan.value(shape, false);
    try {
      this.output = model.attach(this.plan, this.input);
      this.loss = loss.bind(this.plan, this.output);
    } catch (error) {
      this.#arena.free();
      throw error;
    }
    this.#indices = this.#arena.floats(shape[0]);
  }

  /** Fills the input with rows of a data set whose values are at an address, and the targets with their labels. */
  gather(data: Dataset, at: number, indices: Int32Array, labels: Int32Array): void {
    const { engine } = this.plan;
    const name = data.data instanceof Uint8Array ? "gatherBytes" : "gatherFloats";
    const gather = this.#gathers.get(name) ?? this.#makeGather(name, sizeOf(data.shape));
    engine.memory.i32.set(indices, this.#indices >> 2);
    for (let i = 0; i < indices.length; i++) labels[i] = data.labels[indices[i]];
    this.loss.load(labels);
    gather.set("from", at);
    gather.set("scale", data.scale);
    gather.run();
  }

  #makeGather(name: Gather, width: number): Call<Gather> {
    const rows = this.input.shape[0];
    const rowsPerTask = perTask(rows, width, 1);
    const args = { from: 0, indices: this.#indices, to: this.input.at, rows, width, rowsPerTask, scale: 1 };
    const gather = this.plan.engine.call<Gather>(this.#arena, name, args, tasksOf(rows, rowsPerTask));
    this.#gathers.set(name, gather);
    return gather;
  }

  free(): void {
    this.#arena.free();
  }
}
