import { Arena } from "../engine/arena.ts";
import type { Engine } from "../engine/engine.ts";
import type { Layer } from "../layers/layer.ts";
import { Plan, type PlanOptions, type Value } from "../layers/plan.ts";
import type { Random } from "../tensor/random.ts";
import { type Batch, batchOf, kindOf } from "./batch.ts";
import { type Dataset, labelsOf } from "./dataset.ts";
import type { BoundLoss, Loss } from "./loss.ts";
import type { BatchShare } from "./shards.ts";

/** A model and its loss bound to one shape of input: what a step runs. */
export class Session {
  readonly plan: Plan;
  readonly input: Value;
  readonly output: Value;
  readonly loss: BoundLoss;
  readonly #arena: Arena;
  readonly #batches = new Map<string, Batch>();
  #labels = new Int32Array(0);

  constructor(engine: Engine, model: Layer, loss: Loss, shape: readonly number[], options: PlanOptions) {
    this.#arena = new Arena(engine.memory);
    this.plan = new Plan(engine, this.#arena, options);
    this.input = this.plan.value(shape, false);
    try {
      this.output = model.attach(this.plan, this.input);
      this.loss = loss.bind(this.plan, this.output);
    } catch (error) {
      this.#arena.free();
      throw error;
    }
  }

  /**
   * Fills the input with examples of a data set whose values are at an address: see `Batch.fill`.
   */
  gather(data: Dataset, at: number, indices: Int32Array, share: BatchShare, random: Random | null): void {
    this.#batch(data).fill(data, at, indices, share, random);
  }

  /**
   * The loss of a share after its forward pass, as its part of the mean over the batch, with the gradient of that in the
   * output's place.
   */
  runLoss({ count, total }: BatchShare): { loss: number; correct: number } {
    const weight = count / total;
    const { grad: at, size } = this.output;
    const grad = this.plan.engine.memory.f32.subarray(at >> 2, (at >> 2) + size);
    if (count === 0) {
      if (at) grad.fill(0);
      return { loss: 0, correct: 0 };
    }
    this.loss.run();
    if (at && weight !== 1) for (let i = 0; i < size; i++) grad[i] *= weight;
    return { loss: this.loss.loss * weight, correct: this.loss.correct };
  }

  /** Fills the targets with the labels of examples. */
  label(data: Dataset, indices: Int32Array): void {
    const labels = labelsOf("Trainer", data);
    if (this.#labels.length !== indices.length) this.#labels = new Int32Array(indices.length);
    for (let i = 0; i < indices.length; i++) this.#labels[i] = labels[indices[i]];
    this.loss.load(this.#labels);
  }

  #batch(data: Dataset): Batch {
    const kind = kindOf(data);
    const batch = this.#batches.get(kind) ?? batchOf(this.plan.engine, this.#arena, data, this.input);
    this.#batches.set(kind, batch);
    return batch;
  }

  free(): void {
    this.#arena.free();
  }
}
